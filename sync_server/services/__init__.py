"""One file per journey; each public function is one transaction."""
