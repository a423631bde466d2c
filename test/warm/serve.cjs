// Runs commands of Stockade, one after the other, in this one process. Each line of the queue is a folder with what was asked (argv, cwd, env: parts end with a NUL;
// stdin); stdout, stderr and at last the exit code are left there. It ends with its queue, which whoever started it holds open.
//
//   serve.cjs <folder> [folder of another]     a command that calls commands in turn has them run by the other: this process is busy
const { appendFileSync, existsSync, openSync, readFileSync, readSync, rmSync, writeSync } = require('node:fs');
const { join } = require('node:path');

const [home, another = ''] = process.argv.slice(2);

const parts = (path) => readFileSync(path, 'utf8').split('\0').slice(0, -1);

async function answer(folder) {
  const [cwd, together, ...argv] = parts(join(folder, 'asked'));
  const env = Object.fromEntries(parts(join(folder, 'env')).map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
  env.STOCKADE_WARM = another;
  const to = (name) => ({ write: (text) => appendFileSync(join(folder, name), text) === undefined });
  const stdin = (async function* () {
    if (existsSync(join(folder, 'stdin'))) yield readFileSync(join(folder, 'stdin'));
  })();
  let code = 70;
  try {
    // Loaded by the first that is asked.
    const { run } = require('../../cli/stockade.cjs');
    code = await run(argv, { stdout: to('stdout'), stderr: to(together ? 'stdout' : 'stderr'), stdin, cwd, env });
  } catch (error) {
    to('stderr').write(`${error.stack}\n`);
  }
  const done = openSync(join(folder, 'done'), 'r+');
  writeSync(done, `${code}\n`);
}

async function main() {
  const queue = openSync(join(home, 'queue'), 'r');
  const buffer = Buffer.alloc(4096);
  for (;;) {
    const size = readSync(queue, buffer);
    if (size === 0) break;
    for (const folder of buffer.toString('utf8', 0, size).trimEnd().split('\n')) await answer(folder);
  }
  rmSync(home, { recursive: true, force: true });
}
void main();
