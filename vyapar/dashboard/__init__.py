"""The shell: home, inbox, navigation and the components every page is built from."""
