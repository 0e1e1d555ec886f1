"""One declaration a file, loaded when it is first used; `osgp.fields` tells the notation."""

DECLARED = "BT01 BT15 BT20 BT21 BT22 BT23 BT27 BT28 BT52 ET03 ET04 ET11 ET55"
