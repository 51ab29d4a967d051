"""Pure rules that judge backups. The program, the page and the reporter gather the facts."""
