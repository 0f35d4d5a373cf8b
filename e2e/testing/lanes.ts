import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPtyPair, freePort } from '@hallhub/device-drivers/kit/testing';
import type { ScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import { createScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import type { RelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import { createRelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import type { VzenithSimulator } from '@hallhub/device-drivers/protocols/vzenith';
import { createVzenithHttpSimulator } from '@hallhub/device-drivers/protocols/vzenith';
import type { LineReaderSimulator } from '@hallhub/device-drivers/protocols/wiegand-line';
import { createLineReaderSimulator } from '@hallhub/device-drivers/protocols/wiegand-line';
import type { PushTerminalSimulator } from '@hallhub/device-drivers/protocols/zkteco-push';
import { createPushTerminalSimulator } from '@hallhub/device-drivers/protocols/zkteco-push';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { openRealWeb } from '../../device-drivers/protocols/http-device/testing/real-web.ts';
import type { WatchingCamera } from './cameras.ts';
import { simulatedCamera } from './cameras.ts';
import type { ExtraConfig } from './campus.ts';
import { cleanUp } from './clean-up.ts';
import type { Turnstile } from './turnstile.ts';
import { startTurnstile } from './turnstile.ts';

/**
 * Gates beside the first, for what is no resident ID: `east` (campus cards, codes) and `west` (campus cards on a reader of
 * another form and byte order) lead into the library, which nobody enters twice; `carpark` and `yard` have cameras that push;
 * at `door` a terminal lets people through by itself.
 */
export interface Lanes {
  readonly extra: ExtraConfig;
  readonly eastCards: LineReaderSimulator;
  readonly eastScanner: ScannerSimulator;
  readonly eastTurnstile: Turnstile;
  readonly westCards: LineReaderSimulator;
  readonly westScanner: ScannerSimulator;
  readonly westTurnstile: Turnstile;
  readonly carparkCamera: VzenithSimulator;
  readonly carparkLoop: Turnstile;
  readonly yardCamera: WatchingCamera;
  readonly doorTerminal: PushTerminalSimulator;
  readonly doorContact: Turnstile;
  /** The fire panel's contact of the offices, normally closed; input 0 of a board. */
  readonly fireContact: Pick<RelayBoardSimulator, 'setInput'>;
  /** A POST to the port on which cameras report, as anybody in their network could send it; the status, or undefined where the connection was cut. */
  report(
    token: string,
    contentType: string,
    body: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>,
  ): Promise<number | undefined>;
  stop(): Promise<void>;
}

export const CARPARK_TOKEN = 'carpark-Kd83nQpLw0ZrT5ya';
export const YARD_TOKEN = 'Kd83nQpLw0ZrT5ya';
const SERIAL = 'CGXH201360029';
const HIKVISION = 'hikvision/anpr-push';

export async function startLanes(): Promise<Lanes> {
  const running = cleanUp();
  const { later } = running;
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-lanes-'));
    later(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const clock = systemClock({ mode: 'test' });
    const line = async (name: string) => {
      const pty = await createPtyPair(mkdtempSync(join(folder, name)));
      later(() => pty.close());
      return pty;
    };
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const post: Lanes['report'] = async (token, contentType, body) => {
      const sent = { method: 'POST', headers: { 'content-type': contentType }, body, duplex: 'half' as const };
      return (await fetch(`${url}/${token}`, sent).catch(() => undefined))?.status;
    };

    const eastCardsLine = await line('east-cards');
    const eastCards = createLineReaderSimulator({
      transport: createSerialTransport({ path: eastCardsLine.b, baudRate: 9_600 }),
      format: 'decimal',
      byteOrder: 'little',
      suffix: '\r\n',
    });
    const westCardsLine = await line('west-cards');
    const westCards = createLineReaderSimulator({
      transport: createSerialTransport({ path: westCardsLine.b, baudRate: 9_600 }),
      format: 'hex',
      prefix: '\u0002',
      suffix: '\u0003',
    });
    const eastScannerLine = await line('east-scanner');
    const eastScanner = createScannerSimulator({
      transport: createSerialTransport({ path: eastScannerLine.b, baudRate: 9_600 }),
    });
    const westScannerLine = await line('west-scanner');
    const westScanner = createScannerSimulator({
      transport: createSerialTransport({ path: westScannerLine.b, baudRate: 9_600 }),
    });
    for (const device of [eastCards, westCards, eastScanner, westScanner]) {
      unwrap(await device.start());
      later(() => device.stop());
    }
    const board = async (name: string) => {
      const pty = await line(name);
      const turnstile = await startTurnstile(pty.b);
      later(() => turnstile.stop());
      return { path: pty.a, turnstile };
    };
    const east = await board('east-turnstile');
    const west = await board('west-turnstile');
    const loop = await board('carpark-loop');
    const door = await board('door-contact');

    const fireLine = await line('fire-contact');
    const fireContact = createRelayBoardSimulator({
      transport: createSerialTransport({ path: fireLine.b, baudRate: 9_600 }),
      clock,
      baudRate: 9_600,
    });
    fireContact.setInput(0, true);
    unwrap(await fireContact.start());
    later(() => fireContact.stop());

    const carparkWeb = await openRealWeb(port);
    later(() => {
      carparkWeb.close();
    });
    const carparkCamera = createVzenithHttpSimulator({
      web: carparkWeb.web,
      clock,
      serial: '5a7d1f3c-0c1d2e3f',
      target: `/${CARPARK_TOKEN}`,
    });
    carparkCamera.start();
    later(() => {
      carparkCamera.stop();
    });
    const yard = await simulatedCamera(HIKVISION, port, later);
    const doorTerminal = createPushTerminalSimulator({
      serial: SERIAL,
      send: async (method, target, body) => {
        const answer = await fetch(`${url}${target}`, { method, ...(body !== undefined && { body }) }).catch(
          () => undefined,
        );
        return answer?.text();
      },
    });

    const serial = (path: string, baudRate: number): string =>
      `transport: { kind: serial, path: ${path}, baudRate: ${baudRate} }`;
    const listen = `transport: { kind: http-listen, host: 127.0.0.1, port: ${port} }`;
    const device = (id: string, profile: string, transport: string, params: object = {}): string =>
      `  - { id: ${id}, profile: ${profile}, label: { zh: ${id}, en: ${id} }, ${transport}, params: ${JSON.stringify(params)} }`;
    const relays = 'generic/modbus-relay-flash';
    const gate = (id: string, area: string, parts: string): string =>
      `  - { id: ${id}, label: { zh: ${id}, en: ${id} }, area: ${area}, passageTimeout: 2s, ${parts} }`;
    return {
      extra: {
        areas: [
          '  - { id: library, label: { zh: 图书馆, en: Library }, antiPassback: { scope: in-out } }',
          '  - { id: parking, label: { zh: 停车场, en: Car park } }',
          '  - { id: offices, label: { zh: 办公楼, en: Offices } }',
        ].join('\n'),
        devices: [
          device('east-cards', 'generic/uid-line-10d-reversed', serial(eastCardsLine.a, 9_600)),
          device('east-scanner', 'generic/scanner-serial', serial(eastScannerLine.a, 9_600)),
          device('east-turnstile', relays, serial(east.path, 115_200)),
          device('west-cards', 'generic/uid-line-hex', serial(westCardsLine.a, 9_600)),
          device('west-scanner', 'generic/scanner-serial', serial(westScannerLine.a, 9_600)),
          device('west-turnstile', relays, serial(west.path, 115_200)),
          device('carpark-camera', 'vzenith/http-push', listen, { door: { token: CARPARK_TOKEN } }),
          device('carpark-loop', relays, serial(loop.path, 115_200)),
          device('yard-camera', HIKVISION, listen, { ...yard.params, url: yard.url }),
          device('door-terminal', 'zkteco/push-terminal', listen, { serial: SERIAL }),
          device('door-contact', relays, serial(door.path, 115_200)),
          device('fire-contact', 'generic/modbus-fire-input', serial(fireLine.a, 9_600)),
        ].join('\n'),
        gates: [
          gate(
            'east',
            'library',
            'reader: east-cards, scanner: east-scanner, barrier: east-turnstile, passageSensor: east-turnstile',
          ),
          gate(
            'west',
            'library',
            'reader: west-cards, scanner: west-scanner, barrier: west-turnstile, passageSensor: west-turnstile',
          ),
          gate(
            'carpark',
            'parking',
            'plateReader: carpark-camera, barrier: carpark-camera, passageSensor: carpark-loop',
          ),
          gate('yard', 'parking', 'plateReader: yard-camera, barrier: yard-camera'),
          gate(
            'door',
            'offices',
            'terminal: door-terminal, barrier: door-contact, passageSensor: door-contact, fireInput: fire-contact',
          ),
        ].join('\n'),
      },
      eastCards,
      eastScanner,
      eastTurnstile: east.turnstile,
      westCards,
      westScanner,
      westTurnstile: west.turnstile,
      carparkCamera,
      carparkLoop: loop.turnstile,
      yardCamera: yard.camera,
      doorTerminal,
      doorContact: door.turnstile,
      fireContact,
      report: post,
      stop: () => running.run(),
    };
  } catch (error) {
    await running.run();
    throw error;
  }
}
