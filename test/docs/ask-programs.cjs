// Asks the very command line programs, in one process, what commander says of command lines, each with an option that nothing has: so none is run. On standard input
// a JSON list of [file, ...arguments]; on standard output the list of what was said of each.
require('tsx/cjs');
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');

class Ended extends Error {}
process.on('unhandledRejection', (error) => {
  if (!(error instanceof Ended)) throw error;
});
process.exit = () => {
  throw new Ended();
};

async function main() {
  const said = [];
  const write = process.stderr.write;
  for (const [file, ...args] of JSON.parse(readFileSync(0, 'utf8'))) {
    const path = resolve(file);
    let text = '';
    process.stderr.write = (chunk) => (text += String(chunk)) !== '';
    // The program alone is loaded anew, since it reads its arguments as it is loaded.
    delete require.cache[path];
    process.argv = [process.execPath, path, ...args];
    try {
      require(path);
    } catch (error) {
      if (!(error instanceof Ended)) text += String(error);
    }
    await new Promise((next) => setImmediate(next));
    process.stderr.write = write;
    said.push(text);
  }
  process.stdout.write(JSON.stringify(said));
}
void main();
