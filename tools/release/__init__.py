"""Programs that build a release and list what it installs."""
