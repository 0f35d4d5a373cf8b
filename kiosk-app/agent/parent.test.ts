import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import type { ToParent } from './messages.ts';
import { parentOf } from './parent.ts';

const fault: ToParent = { type: 'fault', failure: { code: 'E-AGENT-0304' } };

it('is the port of an Electron utility process, whose messages come wrapped', async () => {
  const posted: unknown[] = [];
  const port = Object.assign(new EventEmitter(), { postMessage: (message: unknown) => posted.push(message) });
  const heard: unknown[] = [];
  const parent = parentOf(Object.assign(new EventEmitter(), { parentPort: port }) as unknown as NodeJS.Process);
  parent?.onMessage((message) => heard.push(message));
  parent?.tell(fault);
  port.emit('message', { data: { type: 'stop' } });
  await parent?.close();
  expect(posted).toEqual([fault]);
  expect(heard).toEqual([{ type: 'stop' }]);
});

it('is a process that forked this one, until it lets go: then nothing is told any more', async () => {
  const sent: unknown[] = [];
  const child = Object.assign(new EventEmitter(), {
    connected: true,
    send: (message: unknown, _handle: unknown, _options: unknown, done: () => void) => {
      sent.push(message);
      setImmediate(done);
    },
    disconnect: () => (child.connected = false),
  });
  const parent = parentOf(child as unknown as NodeJS.Process);
  let gone = 0;
  parent?.onGone(() => (gone += 1));
  parent?.tell(fault);
  await parent?.close();
  expect(child.connected).toBe(false);
  parent?.tell(fault);
  child.emit('disconnect');
  expect([sent, gone]).toEqual([[fault], 1]);
});

it('is nobody for a process from a shell', () => {
  expect(parentOf(new EventEmitter() as unknown as NodeJS.Process)).toBeUndefined();
});
