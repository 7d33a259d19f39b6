"""What monitoring may know of the site, in the text format of Prometheus."""
