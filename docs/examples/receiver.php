<?php
// Receives Centrium's webhooks, with PHP alone:
//
// WEBHOOK_SECRET=... php -S 127.0.0.1:9000 receiver.php

$secret = getenv('WEBHOOK_SECRET');
$key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6)) : $secret;
$seen = sys_get_temp_dir() . '/centrium-webhooks'; // yours is a unique column of a database

function is_signed(string $body, string $key): bool
{
    $event = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $mac = hash_hmac('sha256', "$event.$timestamp.$body", $key, true);
    $expected = 'v1,' . base64_encode($mac);
    // While a secret is replaced there are two signatures, with the new one and the old one.
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents('php://input');
if (!is_signed($body, $key)) {
    http_response_code(401);
    exit;
}
// A delivery may come twice, and then with the same webhook-id: the file can be made only once.
@mkdir($seen);
$file = @fopen($seen . '/' . basename($_SERVER['HTTP_WEBHOOK_ID']), 'x');
if ($file) {
    $event = $_SERVER['HTTP_X_WEBHOOK_EVENT'];
    file_put_contents('php://stdout', $event . ' ' . json_encode(json_decode($body)) . "\n");
}
http_response_code(204);
