-- Puts an object into a store: whole, or not at all.
copy (select $content::blob) to $file (format blob)
