"""What goes into the files that a run is taken along as; `core.exporters` registers them."""
