"use strict";
// One page over three documents: /api/v1/readings (all, at the start and now and then),
// /api/v1/events (the values of each snapshot) and /api/v1/status (health).
// Every text goes in by textContent: what the meter says is never markup.

const $ = (id) => document.getElementById(id);
const NONE = "–", MINUTES = 5;
const values = new Map(); // name -> {value, unit, slow, at}; at is on performance.now()'s clock, null if never read
const past = []; // [at, watts]
let online = null; // what the module says of the meter; null until it has said anything
let reason = "", reachable = true, source = null, polling = false, said = "";
let today = null, yesterday = null, mbus = null; // energy of the local days, as the module counts them; what /mbus.js shows
let notes = [], alerts = []; // what the owner should mend, in words; names of what the meter wants

const LINE = {
  requests: "Requests to the meter", sent: "Packets sent, with repeats", verified: "Replies verified",
  retries: "Requests sent again", silent: "No reply", cut: "Reply cut short", digest: "Reply damaged (digest)",
  length: "Impossible length", auth: "Refused: key or damaged request", sequence: "Sequence number set right",
  refused: "Refused by the meter", failed: "Requests given up", alerts: "Alerts from the meter",
  stray: "Stray bytes", dropped: "Values out of bounds, dropped", resets: "Registers set back", openings: "Line opened",
};
const FACTS = [["frequency", "Frequency"], ["reactive_import", "Reactive import"], ["reactive_export", "Reactive export"],
  ["apparent_power", "Apparent power"]];
// Unit of the meter -> divisor, digits, unit of the reader.
const UNITS = {
  mV: [1000, 1, "V"], mA: [1000, 3, "A"], mHz: [1000, 3, "Hz"], Wh: [1000, 3, "kWh"], varh: [1000, 3, "kvarh"],
  VAh: [1000, 3, "kVAh"], "1/1000": [1000, 3, ""], "1/100 deg": [100, 2, "°"],
};

function number(n, digits) {
  return n.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace(/,/g, "\u202f").replace("-", "\u2212");
}

function show(name, digits) {
  const v = values.get(name);
  if (!v || v.value === null) return NONE;
  const [divisor, usual] = UNITS[v.unit] || [1, 0];
  return number(v.value / divisor, digits === undefined ? usual : digits);
}

const unit = (u) => (UNITS[u] ? UNITS[u][2] : u);

function ago(ms) {
  const s = Math.floor(ms / 1000), m = Math.floor(s / 60);
  return s < 120 ? s + " s" : m < 120 ? m + " min" : Math.floor(m / 60) + " h";
}

// Energy registers (BT23) are read every tenth second, the others (BT28) every second. A value
// is of the table with whose value it was read together.
function slow(v, all) {
  const e = all.energy_forward, p = all.power_forward;
  if (v.age_ms === null || !e || !p || e.age_ms === null || p.age_ms === null) return /h$/.test(v.unit);
  return Math.abs(v.age_ms - e.age_ms) < Math.abs(v.age_ms - p.age_ms);
}

function age(name) {
  const v = values.get(name);
  return v && v.at !== null ? Math.max(0, performance.now() - v.at) : null;
}
const stale = (name) => age(name) === null || age(name) > (values.get(name).slow ? 30000 : 5000);

function element(tag, text, className) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function put(id, text) {
  const e = typeof id === "string" ? $(id) : id;
  if (e.textContent !== text) e.textContent = text;
}

// Rows are made once and kept, so that a selection or a screen reader's place survives.
function row(body, key, head, cells) {
  let r = body.rows_ && body.rows_.get(key);
  if (!r) {
    body.rows_ = body.rows_ || new Map();
    r = element("tr");
    r.append(head, ...Array.from({ length: cells }, () => element("td")));
    body.rows_.set(key, r);
    body.append(r);
  }
  return r;
}

// ---- what came in

function takeReadings(doc) {
  const now = performance.now();
  const m = doc.meter || {};
  put("model", [m.manufacturer, m.model].filter(Boolean).join(" ") || "Electricity meter");
  put("identity", [m.serial && "Serial " + m.serial, m.firmware && "firmware " + m.firmware,
    m.generation && "generation " + m.generation].filter(Boolean).join(" · ") || "\u00a0");
  for (const name of values.keys()) if (!(name in doc.values)) values.delete(name);
  for (const [name, v] of Object.entries(doc.values)) {
    values.set(name, { value: v.value, unit: v.unit, slow: slow(v, doc.values), at: v.age_ms === null ? null : now - v.age_ms });
  }
  takeLine(doc.line || {});
  [today, yesterday, alerts] = [doc.today, doc.yesterday, (doc.alerts && doc.alerts.now) || []];
  takeMbus(doc);
  remember();
}

// Few homes have such devices: what draws them is loaded if there are some.
function takeMbus(doc) {
  mbus = doc;
  if (typeof drawMbus === "function") drawMbus(doc);
  else if (doc.mbus && doc.mbus.length && !$("mbus-js")) document.head.append(Object.assign(element("script"), { id: "mbus-js", src: "/mbus.js" }));
}

function takeSnapshot(doc) {
  const now = performance.now();
  for (const [name, value] of Object.entries(doc.values)) {
    const v = values.get(name);
    if (!v) return readings(); // the meter's list of values has changed
    const a = doc.age_ms[v.slow ? "BT23" : "BT28"];
    if (value !== null && a !== undefined) {
      v.value = value;
      v.at = now - a;
    }
  }
  remember();
}

function takeLine(line) {
  for (const [key, n] of Object.entries(line)) {
    put(row($("line"), key, element("td", LINE[key] || key), 1).cells[1], number(n, 0));
  }
  if (line.verified !== undefined) put("line-sum", number(line.verified, 0) + " replies verified");
}

function takeStatus(s) {
  online = s.online;
  reason = s.reason || "";
  notes = s.notes || [];
  const parts = [];
  if (s.uptime_s !== undefined) parts.push("Running for " + uptime(s.uptime_s));
  if (s.heap_free !== undefined) parts.push(number(s.heap_free / 1024, 0) + " KiB free");
  if (s.mqtt !== undefined) parts.push("MQTT " + (!s.mqtt ? "off" : s.mqtt.mqtt_connected ? "connected" : "not connected"));
  if (s.interpreter) parts.push(s.interpreter);
  put("health", parts.join(" · ") || "\u00a0");
}

function uptime(s) {
  const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
  return d ? d + " d " + h + " h" : h ? h + " h " + m + " min" : m ? m + " min" : s + " s";
}

function net() {
  const f = values.get("power_forward"), r = values.get("power_reverse");
  return !f || f.value === null ? null : f.value - (r && r.value ? r.value : 0);
}

function remember() {
  const w = net(), v = values.get("power_forward");
  if (w === null || v.at === null || stale("power_forward")) return;
  const last = past[past.length - 1];
  if (last && v.at - last[0] < 200) return;
  past.push([v.at, w]);
  while (past[0][0] < performance.now() - MINUTES * 60000) past.shift();
}

// ---- what is shown

function draw() {
  drawState();
  drawPower();
  for (const [id, name] of [["in", "energy_forward"], ["out", "energy_reverse"]]) {
    put(id, show(name));
    mark($(id + "-age"), name, $(id).closest(".card"));
    drawDays(id, name);
  }
  drawPhases();
  drawFacts();
  if ($("all").closest("details").open) drawAll();
  put("count", values.size ? String(values.size) : "");
  drawGraph();
}

function mark(label, name, box) {
  const a = age(name), old = stale(name);
  box.classList.toggle("stale", old);
  put(label, a === null ? "not read yet" : old ? "old: read " + ago(a) + " ago" : "read " + ago(a) + " ago");
}

// A day that did not begin at midnight has its counts under `partial`, and says since when.
function drawDays(id, name) {
  const kwh = (day) => (day && typeof day[name] === "number" ? number(day[name] / 1000, 3) : NONE);
  const part = today && today.partial;
  put(id + "-today", kwh(part || today));
  put(id + "-since", part ? "Since " + today.since.slice(11, 16) : "Today");
  put(id + "-before", kwh(yesterday));
}

function drawState() {
  const a = age("power_forward");
  let state = "wait", word = "Connecting", why = "";
  if (!reachable) {
    [state, word, why] = ["down", "Module unreachable",
      "This page cannot reach the module. It tries again by itself; check the module's power and network."];
  } else if (!values.size || a === null) {
    if (reason) [state, word, why] = ["old", "No readings yet", reason];
  } else if (online === false) {
    [state, word, why] = ["down", "Meter silent", reason];
  } else if (stale("power_forward")) {
    [state, word, why] = ["old", "Values are old", "The newest value is " + ago(a) + " old."];
  } else {
    [state, word] = ["live", "Live"];
  }
  $("state").dataset.state = state;
  put("word", word);
  put("reason", why && why[0].toUpperCase() + why.slice(1));
  $("reason").hidden = !why;
  const more = notes.filter((note) => !why.includes(note));
  put("notes", more.map((note) => note[0].toUpperCase() + note.slice(1)).join("\n"));
  $("notes").hidden = !more.length;
  for (const p of $("alerts").children) p.hidden = !alerts.some((name) => p.dataset.alert.split(" ").includes(name));
  $("alerts").hidden = !alerts.length;
}

function drawPower() {
  const w = net(), old = stale("power_forward");
  const way = w === null ? "none" : w > 0 ? "in" : w < 0 ? "out" : "none";
  $("now").dataset.way = way;
  put("arrow", { in: "↓", out: "↑", none: "" }[way]);
  put("way", w === null ? "Not read yet" : { in: "Importing from the grid", out: "Exporting to the grid", none: "No power flows" }[way]);
  const kilo = w !== null && Math.abs(w) >= 10000;
  const text = w === null ? NONE : (w > 0 ? "+" : "") + number(kilo ? w / 1000 : w, kilo ? 2 : 0);
  put("power", text);
  put("power-unit", kilo ? "kW" : "W");
  mark($("now-age"), "power_forward", $("now"));
  const title = w === null || old || !reachable ? "Electricity meter" : text + (kilo ? " kW" : " W") + " – meter";
  if (said !== title) document.title = said = title;
}

function drawPhases() {
  for (const p of ["1", "2", "3"]) {
    const has = (n) => { const v = values.get(n + "_l" + p); return v && v.value !== null; };
    // A phase that the meter does not have reads 0 everywhere, or is not in its list.
    const there = has("voltage") ? values.get("voltage_l" + p).value > 0 || p === "1" : p === "1" || has("current");
    const head = element("th", "L" + p);
    head.scope = "row";
    const r = row($("phases"), p, head, 4);
    r.hidden = !there;
    if (!there) continue;
    const f = values.get("power_forward_l" + p), b = values.get("power_reverse_l" + p);
    const w = f && f.value !== null ? f.value - (b && b.value ? b.value : 0) : null;
    put(r.cells[1], show("voltage_l" + p));
    put(r.cells[2], show("current_l" + p));
    put(r.cells[3], w === null ? NONE : (w > 0 ? "↓ +" : w < 0 ? "↑ " : "") + number(w, 0));
    r.cells[3].className = w > 0 ? "in" : w < 0 ? "out" : "";
    put(r.cells[4], show("power_factor_l" + p));
    r.classList.toggle("stale", stale("voltage_l" + p) && stale("power_forward_l" + p));
  }
}

function drawFacts() {
  for (const [name, label] of FACTS) {
    let box = $("fact-" + name);
    if (!box) {
      box = element("div");
      box.id = "fact-" + name;
      box.append(element("dt", label), element("dd"));
      $("facts").append(box);
    }
    const v = values.get(name), text = show(name);
    put(box.lastChild, text === NONE ? NONE : text + " " + unit(v.unit));
    box.classList.toggle("stale", stale(name));
  }
}

function drawAll() {
  for (const [name, v] of values) {
    const head = element("td");
    head.append(element("code", name));
    const r = row($("all"), name, head, 2);
    put(r.cells[1], (show(name) + " " + (v.value === null ? "" : unit(v.unit))).trim());
    const a = age(name);
    put(r.cells[2], a === null ? NONE : ago(a));
    r.classList.toggle("stale", stale(name));
  }
}

function drawGraph() {
  const c = $("graph"), ratio = devicePixelRatio || 1, w = c.clientWidth, h = c.clientHeight;
  if (c.width !== Math.round(w * ratio) || c.height !== Math.round(h * ratio)) {
    c.width = Math.round(w * ratio);
    c.height = Math.round(h * ratio);
  }
  const g = c.getContext("2d"), css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(name).trim();
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, w, h);
  const low = Math.min(0, ...past.map((p) => p[1])), high = Math.max(0, ...past.map((p) => p[1]));
  const pad = 4, span = Math.max(high - low, 100);
  const y = (v) => h - pad - ((v - low) / span) * (h - 2 * pad);
  const now = performance.now(), x = (t) => w - ((now - t) / (MINUTES * 60000)) * w;
  g.strokeStyle = colour("--rule");
  g.beginPath();
  g.moveTo(0, y(0)), g.lineTo(w, y(0)), g.stroke();
  for (const [name, top, size] of [["--in", 0, y(0)], ["--out", y(0), h - y(0)]]) {
    g.save(), g.beginPath();
    g.rect(0, top, w, size), g.clip();
    g.fillStyle = g.strokeStyle = colour(name);
    [g.lineWidth, g.lineJoin] = [2, "round"];
    for (const part of parts()) {
      g.beginPath();
      part.forEach(([t, v], i) => (i ? g.lineTo(x(t), y(v)) : g.moveTo(x(t), y(v))));
      g.stroke();
      g.lineTo(x(part[part.length - 1][0]), y(0)), g.lineTo(x(part[0][0]), y(0));
      g.globalAlpha = 0.15;
      g.fill(), g.globalAlpha = 1;
    }
    g.restore();
  }
  const seen = past.map((p) => p[1]);
  put("range", seen.length > 1 ? number(Math.min(...seen), 0) + " to " + number(Math.max(...seen), 0) + " W" : "");
}

function parts() { // a gap in the data is a gap in the line
  let all = [], before = -Infinity;
  for (const p of past) {
    if (p[0] - before > 6000) all.push([]);
    all[all.length - 1].push(p);
    before = p[0];
  }
  return all;
}

// ---- the module

async function get(path) {
  const abort = new AbortController(), timer = setTimeout(() => abort.abort(), 8000);
  try {
    const res = await fetch(path, { signal: abort.signal, cache: "no-store" });
    const doc = await res.json();
    reachable = true;
    return [res.status, doc];
  } catch (e) {
    reachable = false;
    return [0, null];
  } finally {
    clearTimeout(timer);
  }
}

async function readings() {
  const [code, doc] = await get("/api/v1/readings");
  if (code === 200) takeReadings(doc); else if (doc) [online, reason] = [false, doc.error];
  draw();
  return code === 200;
}

async function health() {
  const [code, doc] = await get("/api/v1/status");
  if (code === 200) takeStatus(doc);
  draw();
}

function listen() {
  if (source) source.close();
  source = new EventSource("/api/v1/events");
  source.onopen = () => { reachable = true; polling = false; };
  source.onmessage = (e) => {
    reachable = true;
    online = true;
    takeSnapshot(JSON.parse(e.data));
    draw();
  };
  // Refused for good (all places taken): the browser gives up, so ask for the values instead.
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) {
      polling = true;
      source = null;
    } else {
      health();
    }
  };
}

async function run() {
  for (let n = 0; ; n++) {
    const live = source && !polling;
    if (!live || n % 15 === 0) {
      const ok = await readings();
      if (ok && !source && (!polling || n % 30 === 0)) listen();
    }
    if (n % 10 === 0 || !reachable || online === false || stale("power_forward")) await health();
    await new Promise((done) => setTimeout(done, document.hidden ? 3000 : live || polling ? 1000 : 2000));
  }
}

setInterval(draw, 1000);
addEventListener("resize", drawGraph);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawGraph);
// A page kept in the back-forward cache must not hold a place at the module.
addEventListener("pagehide", () => { if (source) source.close(); source = null; });
run();
