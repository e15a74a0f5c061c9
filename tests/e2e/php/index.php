<?php
// As Drupal's pgsql driver does: a connection per request, and no word about sslmode.
$dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'));
$database = new PDO($dsn, getenv('PGUSER'), getenv('PGPASSWORD'), [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$statement = $database->prepare('SELECT ssl, ?::int * 2 FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
$statement->execute([$_GET['n']]);
echo json_encode($statement->fetch(PDO::FETCH_NUM));
