/*
 * The agent beside a kiosk's screen, in a process of its own: Electron's utility process, or one that Node forked. A driver,
 * a full disk or a hub that is away cannot stop the screen, and the screen cannot stop the devices.
 *
 *   node kiosk-app/agent/main.mjs [data folder]      or HALLHUB_DATA_DIR, else ./agent-data
 */
import { enableCompileCache } from 'node:module';

// Before anything else is loaded, so that it is kept for the next start, and the compiler stays out of memory then.
enableCompileCache();
const { runAgent } = await import('./program.ts');
process.exit(await runAgent());
