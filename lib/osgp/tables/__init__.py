"""One declaration a file, loaded when it is first used; `osgp.names` lists them."""
