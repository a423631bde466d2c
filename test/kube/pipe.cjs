// A stand-in for `kubectl proxy` that leads to a socket of the test's own process: node pipe.cjs <socket> [--kubeconfig=...] proxy --unix-socket=<path>
const { connect, createServer } = require('node:net');

const [to, ...args] = process.argv.slice(2);
const socket = args.find((arg) => arg.startsWith('--unix-socket=')).slice('--unix-socket='.length);
createServer((from) => {
  const way = connect(to);
  from.pipe(way).pipe(from);
  for (const [one, other] of [[from, way], [way, from]]) one.on('error', () => other.destroy()).on('close', () => other.destroy());
}).listen(socket, () => process.stdout.write(`Starting to serve on ${socket}\n`));
