import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manualClock, minutes, seconds } from '@hallhub/sync/base';
import type { IpcMain, IpcMainEvent, Session, WebContents } from 'electron';
import { describe, expect, it, test } from 'vitest';
import type { ToParent } from '../agent/messages.ts';
import type { AgentChild } from './agent-process.ts';
import { keepAgent } from './agent-process.ts';
import { STEADY } from './agent-restarts.ts';
import { afterFailure, watchPage } from './failures.ts';
import { hardenApp, hardenContents, hardenSession } from './harden.ts';
import { CHANNELS, hear, isTrusted } from './ipc.ts';
import { shellSettings } from './settings.ts';
import { watchdog, watchdogInterval } from './watchdog.ts';

/** Something that emits as Electron does; what is asked of it is kept. */
class Emitter extends EventEmitter {
  readonly asked: Record<string, unknown> = {};
}
const keeping = (names: readonly string[]): Emitter => {
  const emitter = new Emitter();
  for (const name of names)
    Reflect.set(emitter, name, (value: unknown) => {
      emitter.asked[name] = value;
      return Promise.resolve();
    });
  return emitter;
};
const prevented = (emitter: EventEmitter, event: string, details: object, ...more: unknown[]): boolean => {
  let isPrevented = false;
  emitter.emit(event, { ...details, preventDefault: () => (isPrevented = true) }, ...more);
  return isPrevented;
};

describe('a page', () => {
  const contents = keeping(['setWindowOpenHandler', 'setVisualZoomLevelLimits']);
  hardenContents(contents as unknown as WebContents);

  it('stays on its screens', () => {
    expect(prevented(contents, 'will-navigate', { url: 'https://example.org/' })).toBe(true);
    expect(prevented(contents, 'will-navigate', { url: 'app://kiosk/kiosk/hall' })).toBe(false);
    expect(prevented(contents, 'will-frame-navigate', { url: 'app://kiosk/kiosk/hall', isMainFrame: false })).toBe(
      true,
    );
    expect(prevented(contents, 'will-redirect', { url: 'app://kiosk/kiosk/hall' })).toBe(true);
    expect(prevented(contents, 'will-attach-webview', {})).toBe(true);
  });

  it('opens nothing, and is left by no key', () => {
    const open = contents.asked['setWindowOpenHandler'] as () => { readonly action: string };
    expect(open()).toEqual({ action: 'deny' });
    const input = { key: 'F4', control: false, alt: true, meta: false };
    expect(prevented(contents, 'before-input-event', {}, input)).toBe(true);
    expect(prevented(contents, 'before-input-event', {}, { ...input, key: '4', alt: false })).toBe(false);
  });

  it('is held so whoever makes it', () => {
    const app = keeping(['enableSandbox']);
    const menu = keeping(['setApplicationMenu']);
    hardenApp(app as never, menu as never);
    const later = keeping(['setWindowOpenHandler', 'setVisualZoomLevelLimits']);
    app.emit('web-contents-created', {}, later);
    expect(prevented(later, 'will-navigate', { url: 'https://example.org/' })).toBe(true);
    expect(menu.asked['setApplicationMenu']).toBeNull();
    expect('enableSandbox' in app.asked).toBe(true);
  });
});

describe('a session', () => {
  const session = keeping([
    'setPermissionRequestHandler',
    'setPermissionCheckHandler',
    'setDevicePermissionHandler',
    'setDisplayMediaRequestHandler',
    'setSpellCheckerEnabled',
  ]);
  hardenSession(session as unknown as Session, { downloads: '/home/kiosk/logs' });

  it('gives no permission, to none of the three who ask', () => {
    let granted: boolean | undefined;
    const request = session.asked['setPermissionRequestHandler'] as (
      contents: unknown,
      permission: string,
      answer: (granted: boolean) => void,
    ) => void;
    request({}, 'media', (answer) => (granted = answer));
    expect(granted).toBe(false);
    expect((session.asked['setPermissionCheckHandler'] as () => boolean)()).toBe(false);
    expect((session.asked['setDevicePermissionHandler'] as () => boolean)()).toBe(false);
  });

  it('saves nothing but the log', () => {
    const paths: string[] = [];
    const item = (address: string): object => ({
      getURL: () => address,
      getFilename: () => '../hall.log',
      setSavePath: (path: string) => paths.push(path),
    });
    expect(prevented(session, 'will-download', {}, item('app://kiosk/api/kiosks/hall/certificates/1/document'))).toBe(
      true,
    );
    expect(prevented(session, 'will-download', {}, item('app://kiosk/api/kiosks/hall/service/log'))).toBe(false);
    // Without a dialog, and nowhere else.
    expect(paths).toEqual(['/home/kiosk/logs/hall.log']);
  });
});

describe('a page that hangs', () => {
  it('is ended, and loaded again only when it has; one that ended by itself as well', () => {
    const contents = Object.assign(new EventEmitter(), {
      forcefullyCrashRenderer: () => contents.emit('render-process-gone', {}, { reason: 'killed', exitCode: 9 }),
    });
    const told: string[] = [];
    watchPage(contents as unknown as WebContents, {
      log: (what) => told.push(`log: ${what}`),
      failed: (what) => told.push(`failed: ${what}`),
    });
    contents.emit('unresponsive');
    expect(told).toEqual(['log: the page hangs', 'failed: the page ended']);
    contents.emit('render-process-gone', {}, { reason: 'oom', exitCode: 5 });
    expect(told).toHaveLength(3);
  });
});

describe('what a page says', () => {
  const frame = (url: string, parent: object | null = null): Pick<IpcMainEvent, 'senderFrame'> =>
    ({ senderFrame: { url, parent } }) as unknown as Pick<IpcMainEvent, 'senderFrame'>;

  it('is heard from its own top frame alone', () => {
    expect(isTrusted(frame('app://kiosk/kiosk/hall'))).toBe(true);
    expect(isTrusted(frame('app://kiosk/kiosk/hall', {}))).toBe(false);
    expect(isTrusted(frame('https://example.org/kiosk/'))).toBe(false);
    expect(isTrusted({ senderFrame: null })).toBe(false);
  });

  it('is dropped when more comes with it than may', () => {
    const ipc = new EventEmitter();
    const heard: string[] = [];
    const refused: string[] = [];
    const handler = (name: string) => () => heard.push(name);
    hear({
      ipc: ipc as unknown as IpcMain,
      handlers: {
        'hallhub:alive': handler('alive'),
        'hallhub:finished': handler('finished'),
        'hallhub:restart': handler('restart'),
      },
      onRefused: (channel) => refused.push(channel),
    });
    ipc.emit('hallhub:finished', frame('app://kiosk/kiosk/hall'));
    ipc.emit('hallhub:restart', frame('app://kiosk/kiosk/hall'), { now: true });
    ipc.emit('hallhub:restart', frame('https://example.org/'));
    expect(heard).toEqual(['finished']);
    expect(refused).toEqual(['hallhub:restart', 'hallhub:restart']);
  });

  it('goes by the names that the preload script knows', () => {
    const preload = readFileSync(join(import.meta.dirname, '../preload/preload.cjs'), 'utf8');
    const names = Array.from(preload.matchAll(/send\('([^']+)'\)/g), ([, name]) => name);
    expect(names.toSorted()).toEqual(Object.keys(CHANNELS).toSorted());
    expect(preload).not.toMatch(/exposeInMainWorld\([^)]*ipcRenderer\s*\)/);
  });
});

describe('a page that fails', () => {
  it('is loaded again, and the third time in two minutes the shell starts afresh', () => {
    const clock = manualClock();
    let state: ReturnType<typeof afterFailure>['state'] = [];
    const fail = (): string => {
      const next = afterFailure(state, clock.monotonic());
      state = next.state;
      return next.action;
    };
    expect([fail(), fail()]).toEqual(['reload', 'reload']);
    clock.advance(minutes(3));
    expect([fail(), fail(), fail()]).toEqual(['reload', 'reload', 'exit']);
  });
});

describe('the watchdog', () => {
  it('is fed while the page lives, and no longer', () => {
    const clock = manualClock();
    let told = 0;
    const dog = watchdog({ clock, interval: seconds(10), notify: () => (told += 1) });
    for (let times = 0; times < 6; times += 1) {
      clock.advance(seconds(10));
      dog.alive();
    }
    expect(told).toBe(6);
    clock.advance(seconds(300));
    expect(told).toBeLessThan(10);
    dog.stop();
    expect(clock.pending).toBe(0);
  });

  it('is there where systemd asks for it, twice as often', () => {
    expect(watchdogInterval({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '60000000' })).toBe(30_000);
    expect(watchdogInterval({ WATCHDOG_USEC: '60000000' })).toBeUndefined();
    expect(watchdogInterval({ NOTIFY_SOCKET: '/run/x' })).toBeUndefined();
  });
});

describe('the agent', () => {
  function setUp() {
    const clock = manualClock();
    const children: (EventEmitter & { readonly posted: unknown[] })[] = [];
    const ends: (readonly [number, number])[] = [];
    const messages: ToParent[] = [];
    const kept = keepAgent({
      clock,
      fork: () => {
        const posted: unknown[] = [];
        const child = Object.assign(new EventEmitter(), {
          posted,
          postMessage: (message: unknown) => posted.push(message),
          kill: () => true,
        });
        children.push(child);
        return child as unknown as AgentChild;
      },
      onMessage: (message) => messages.push(message),
      onEnd: (exitCode, wait) => ends.push([exitCode, wait]),
    });
    const end = (exitCode: number): void => void children.at(-1)?.emit('exit', exitCode);
    return { clock, children, ends, messages, kept, end };
  }

  it('is started again, later each time that it falls at once, and soon again once it had run', () => {
    const { clock, children, ends, end } = setUp();
    for (let times = 0; times < 9; times += 1) {
      end(1);
      clock.advance(minutes(1));
    }
    expect(ends.map(([, wait]) => wait)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((wait) => wait * 1_000));
    clock.advance(STEADY);
    end(1);
    expect(ends.at(-1)).toEqual([1, 1_000]);
    expect(children).toHaveLength(10);
  });

  test.each([
    [75, 0],
    [77, 60_000],
    [78, 60_000],
  ])('that ends with %i is started again after %i ms', (exitCode, wait) => {
    const { ends, end } = setUp();
    end(exitCode);
    expect(ends).toEqual([[exitCode, wait]]);
  });

  it('is told to stop and then left alone', () => {
    const { clock, children, kept, end } = setUp();
    kept.stop();
    expect(children[0]?.posted).toEqual([{ type: 'stop' }]);
    end(0);
    clock.advance(minutes(10));
    expect(children).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('is heard', () => {
    const { children, messages } = setUp();
    const said: ToParent = { type: 'screens', url: 'http://127.0.0.1:1', token: 't' };
    children[0]?.emit('message', said);
    expect(messages).toEqual([said]);
  });
});

describe('settings', () => {
  it('name the kiosk, and a hub only together with its token', () => {
    expect(shellSettings({ HALLHUB_KIOSK: 'hall' })).toEqual({ kioskId: 'hall' });
    expect(
      shellSettings({ HALLHUB_KIOSK: 'hall', HALLHUB_URL: 'https://hub.example.edu/', HALLHUB_KIOSK_TOKEN: 't' }),
    ).toEqual({ kioskId: 'hall', upstream: { url: 'https://hub.example.edu', token: 't' } });
    expect(() => shellSettings({})).toThrow(/HALLHUB_KIOSK/);
    expect(() => shellSettings({ HALLHUB_KIOSK: 'hall', HALLHUB_URL: 'file:///etc' })).toThrow();
  });
});
