// A stand-in for `kubectl proxy`: serves the fake cluster of a file on the socket that it is told, until it is ended.
// node --require tsx/cjs stand-in-kubectl.ts <world> <kinds> [--kubeconfig=...] proxy --unix-socket=<path>
import { readFileSync } from 'node:fs';
import type { Kind } from './cluster';
import { ClusterInFile } from './in-file';
import { serveFake } from './serve';

const [world, kinds, ...args] = process.argv.slice(2) as [string, string, ...string[]];
const socket = args.find((arg) => arg.startsWith('--unix-socket='))?.slice('--unix-socket='.length);
if (!args.includes('proxy') || socket === undefined) throw new Error(`the stand-in for kubectl knows no ${args.join(' ')}`);
void serveFake(new ClusterInFile(world, JSON.parse(readFileSync(kinds, 'utf8')) as Kind[]), { socket }).then(() => process.stdout.write(`Starting to serve on ${socket}\n`));
