import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import type { AccessTerminalSimulator } from '@hallhub/device-drivers/protocols/hikvision-access';
import { createAccessTerminalSimulator } from '@hallhub/device-drivers/protocols/hikvision-access';
import type { UhppoteSimulator } from '@hallhub/device-drivers/protocols/uhppote';
import { createUhppoteSimulator } from '@hallhub/device-drivers/protocols/uhppote';
import { ok, systemClock } from '@hallhub/sync/base';
import { openRealWeb } from '../../device-drivers/protocols/http-device/testing/real-web.ts';
import type { ExtraConfig } from './campus.ts';
import { cleanUp } from './clean-up.ts';

/** Two doors of the laboratories whose devices let people in by themselves: `lab` over UDP, `office` over HTTP. */
export interface DoorsByThemselves {
  readonly extra: ExtraConfig;
  readonly controller: UhppoteSimulator;
  readonly terminal: AccessTerminalSimulator;
  stop(): Promise<void>;
}

export async function startDoors(): Promise<DoorsByThemselves> {
  const running = cleanUp();
  try {
    const clock = systemClock({ mode: 'test' });
    const socket = createSocket('udp4');
    running.later(() => {
      socket.close();
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const serial = 423_187_757;
    const controller = createUhppoteSimulator({ transport: answering(socket), clock, serial });
    await controller.start();
    running.later(() => controller.stop());

    const real = await openRealWeb(0);
    running.later(() => {
      real.close();
    });
    const account = { user: 'admin', password: 'a-long-one' };
    const terminal = createAccessTerminalSimulator({
      web: real.web,
      clock,
      ...account,
      serial: 'T-0001',
      utcOffset: 480,
    });
    terminal.start();
    running.later(() => {
      terminal.stop();
    });

    const device = (id: string, profile: string, transport: object, params: object): string =>
      `  - { id: ${id}, profile: ${profile}, label: { zh: ${id}, en: ${id} }, transport: ${JSON.stringify(transport)}, params: ${JSON.stringify(params)} }`;
    const udp = { kind: 'udp', host: '127.0.0.1', port: socket.address().port };
    const gate = (id: string, it: string): string =>
      `  - { id: ${id}, label: { zh: ${id}, en: ${id} }, area: labs, passageTimeout: 2s, reader: ${it}, terminal: ${it}, barrier: ${it}, passageSensor: ${it} }`;
    return {
      extra: {
        areas: '  - { id: labs, label: { zh: 实验楼, en: Laboratories } }',
        devices: [
          device('lab-controller', 'generic/uhppote-door', udp, { serial, pollEveryMs: 100 }),
          device(
            'office-terminal',
            'hikvision/access-terminal',
            { kind: 'url', url: real.url },
            { ...account, direction: 'in' },
          ),
        ].join('\n'),
        gates: [gate('lab', 'lab-controller'), gate('office', 'office-terminal')].join('\n'),
      },
      controller,
      terminal,
      stop: () => running.run(),
    };
  } catch (error) {
    await running.run();
    throw error;
  }
}

/** A socket as a device has it: it answers whoever asked last. */
function answering(socket: Socket): Parameters<typeof createUhppoteSimulator>[0]['transport'] {
  const data = createEmitter<Uint8Array>(rethrow);
  let peer: { readonly port: number; readonly address: string } | undefined;
  socket.on('message', (bytes, from) => {
    peer = from;
    data.emit(bytes);
  });
  return {
    name: 'controller',
    open: () => Promise.resolve(ok()),
    close: () => Promise.resolve(),
    write: (bytes) => {
      if (peer) socket.send(bytes, peer.port, peer.address);
      return Promise.resolve(ok());
    },
    onData: data.on,
    onDown: () => () => undefined,
  };
}
