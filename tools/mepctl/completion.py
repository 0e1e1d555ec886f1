"""`mepctl completion`: scripts for bash, zsh and fish, made from the parsers themselves."""

import argparse

from osgp.names import known_names
from .common import OK

_FILES = ("FILE", "DIR", "OUT", "URL", "PORT")
_TABLES = ("TABLE", "[TABLE] BYTES")


def main(args):
    """Print the script; returns the exit code."""
    from .cli import build

    make = {"bash": bash, "zsh": zsh, "fish": fish}[args.shell]
    print(make(commands(build())), end="")
    return OK


def commands(parser):
    """``{name: (help, options, words)}``: options are (names, help, what their value is).

    ``words`` and a value are "file", "table", a list to choose from, or None; an option without
    a value has "flag".
    """
    action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    helps = {a.dest: a.help for a in action._choices_actions}
    found = {}
    for name, sub in action.choices.items():
        options, words = [], None
        for a in sub._actions:
            if not a.option_strings:
                words = _value(a)
            elif a.help != argparse.SUPPRESS:
                value = "flag" if a.nargs == 0 else _value(a)
                options.append((a.option_strings, _short(a.help), value))
        found[name] = (helps.get(name, ""), options, words)
    return found


def _value(action):
    if action.choices:
        return [str(choice) for choice in action.choices]
    if action.metavar in _TABLES:
        return "table"
    return "file" if action.metavar in _FILES else None


def _short(text):
    return (text or "").split("(")[0].split(":")[0].split(";")[0].replace("%", "").strip()


def bash(found):
    """The script for bash."""
    lines = ["# bash completion of mepctl", "_mepctl() {"]
    lines += ['  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"']
    lines += ["  COMPREPLY=()", "  if [ $COMP_CWORD -eq 1 ]; then"]
    lines += ['    COMPREPLY=($(compgen -W "%s --help --version" -- "$cur"))' % " ".join(found)]
    lines += ["    return", "  fi", '  local options="" words=""', '  case "${COMP_WORDS[1]}" in']
    for name, (_, options, words) in found.items():
        names = " ".join(n for o in options for n in o[0])
        lines.append('  %s) options="%s" words="%s"' % (name, names, _bash_words(words)))
        with_value = [o for o in options if o[2] != "flag"]
        if with_value:
            lines.append('    case "$prev" in')
            for names, _, value in with_value:
                lines.append("    %s) %s; return;;" % ("|".join(names), _bash_reply(value)))
            lines.append("    esac")
        lines.append("    ;;")
    lines += ["  esac"]
    lines += ['  if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur"))']
    lines += ['  elif [ "$words" = "<file>" ]; then COMPREPLY=($(compgen -f -- "$cur"))']
    lines += ['  else COMPREPLY=($(compgen -W "$words" -- "$cur")); fi']
    lines += ["}", "complete -o filenames -F _mepctl mepctl"]
    return "\n".join(lines) + "\n"


def _bash_words(words):
    if words == "table":
        return " ".join(known_names())
    if words == "file":
        return "<file>"
    return " ".join(words or ())


def _bash_reply(value):
    if value == "file":
        return 'COMPREPLY=($(compgen -f -- "$cur"))'
    if not value:
        return "true"
    return 'COMPREPLY=($(compgen -W "%s" -- "$cur"))' % _bash_words(value)


def zsh(found):
    """The script for zsh."""
    lines = ["#compdef mepctl", "_mepctl() {", "  local -a names"]
    lines += ["  names=("]
    lines += ["    %s" % _quoted("%s:%s" % (name, what[0])) for name, what in found.items()]
    lines += ["  )", "  if (( CURRENT == 2 )); then _describe command names; return; fi"]
    lines += ["  local command=$words[2]", "  shift words; (( CURRENT-- ))", "  case $command in"]
    for name, (_, options, words) in found.items():
        specs = []
        for names, text, value in options:
            end = "" if value == "flag" else ":value:" + _zsh_value(value)
            specs += [_quoted("%s[%s]%s" % (n, _bare(text), end)) for n in names]
        if words:
            specs.append(_quoted("*:word:" + _zsh_value(words)))
        lines.append("    %s) _arguments %s;;" % (name, " ".join(specs)))
    lines += ["  esac", "}", '_mepctl "$@"']
    return "\n".join(lines) + "\n"


def _zsh_value(value):
    if value == "file":
        return "_files"
    if not value:
        return " "
    return "(%s)" % _bash_words(value)


def _bare(text):
    return "".join(c for c in text if c not in "[]:'`\"\\$")


def _quoted(text):
    return "'%s'" % text.replace("'", "'\\''")


def fish(found):
    """The script for fish."""
    none = "not __fish_seen_subcommand_from " + " ".join(found)
    lines = ["# fish completion of mepctl", "complete -c mepctl -f"]
    for name, (text, options, words) in found.items():
        lines.append('complete -c mepctl -n "%s" -a %s -d %s' % (none, name, _quoted(text or "")))
        seen = 'complete -c mepctl -n "__fish_seen_subcommand_from %s"' % name
        if words:
            lines.append(seen + (" -F" if words == "file" else " -a '%s'" % _bash_words(words)))
        for names, text, value in options:
            flags = " ".join(
                ("-l " + n[2:]) if n.startswith("--") else ("-s " + n[1:]) for n in names
            )
            end = {"flag": "", "file": " -r -F"}.get(
                value if isinstance(value, str) else "", " -x"
            )
            if value and value not in ("flag", "file"):
                end = " -x -a '%s'" % _bash_words(value)
            lines.append("%s %s%s -d %s" % (seen, flags, end, _quoted(text)))
    return "\n".join(lines) + "\n"
