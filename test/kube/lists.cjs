// A stand-in for `kubectl proxy` in front of an API server that has lists and nothing else, each by the last segment of its path; what is not named is an empty one.
// node lists.cjs <lists as JSON> <log> [--kubeconfig=...] proxy --unix-socket=<path>
const { appendFileSync } = require('node:fs');
const { createServer } = require('node:http');

const [lists, log, ...args] = process.argv.slice(2);
const socket = args.find((arg) => arg.startsWith('--unix-socket=')).slice('--unix-socket='.length);
createServer(({ method, url }, response) => {
  const { pathname } = new URL(url, 'http://x');
  appendFileSync(log, `${method} ${pathname}\n`);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items: JSON.parse(lists)[pathname.split('/').at(-1)] ?? [] }));
}).listen(socket, () => process.stdout.write(`Starting to serve on ${socket}\n`));
