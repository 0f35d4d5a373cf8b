#!/usr/bin/env node
// Plain JavaScript on purpose: an old Node must be able to read this far and say what is wrong.
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    `hallhub needs Node 24 or newer; this is Node ${process.versions.node} (${process.execPath}).\n` +
      'Install Node 24 from your distribution, or start with "npm start", which brings its own.\n',
  );
  process.exit(78);
}
// Keeps compiled code, and TypeScript with its types taken off, between starts: half the start-up time, and the compiler's
// own memory. Where the folder cannot be written, everything is compiled as before.
const { enableCompileCache } = await import('node:module');
enableCompileCache();
const { runCli } = await import('../cli.ts');
process.exitCode = await runCli(process.argv.slice(2));
