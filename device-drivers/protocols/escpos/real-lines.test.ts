import { mkdtemp, rm } from 'node:fs/promises';
import { type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { epochMs, ms, ok, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import {
  type Driver,
  type Transport,
  type TransportSettings,
  createEmitter,
  rethrow,
  silentLog,
} from '../../kit/index.ts';
import { createPtyPair, until } from '../../kit/testing/index.ts';
import { createSerialTransport, systemTransports } from '../../transports/index.ts';
import { type TicketPrinterSimulator, createTicketPrinterSimulator, escposProtocol } from './index.ts';
import { QUEUE_TICKET, ticketOf } from './testing/tickets.ts';

const clock = systemClock({ mode: 'test' });

/** The printer's end of the one connection that it takes at a time, as a line. */
function socketLine(): {
  readonly line: Transport;
  readonly take: (socket: Socket) => void;
  readonly drop: () => void;
} {
  const data = createEmitter<Uint8Array>(rethrow);
  let socket: Socket | undefined;
  return {
    take: (fresh) => {
      socket = fresh;
      fresh.on('data', data.emit);
      fresh.on('error', () => undefined);
    },
    drop: () => socket?.resetAndDestroy(),
    line: {
      name: 'socket',
      open: () => Promise.resolve(ok()),
      write: (bytes) => {
        socket?.write(bytes);
        return Promise.resolve(ok());
      },
      close: () => {
        socket?.destroy();
        return Promise.resolve();
      },
      onData: data.on,
      onDown: () => () => undefined,
    },
  };
}

function connect(transport: TransportSettings, params: Record<string, unknown>): Driver {
  const [driver] = unwrap(
    escposProtocol.connect(
      { transport, devices: [{ deviceId: 'tickets', params }] },
      {
        clock,
        random: systemRandom,
        log: silentLog,
        transportFactory: systemTransports({ clock }),
        reconnect: { first: ms(20), longest: ms(200) },
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  driver.start();
  return driver;
}

let commands = 0;
async function print(driver: Driver, ticket = QUEUE_TICKET): Promise<string> {
  commands += 1;
  const receipt = await driver.capabilities.ticketPrinter?.print({
    id: `real-${commands}`,
    name: 'print',
    args: { ticket },
    issuedAt: clock.now(),
    expiresAt: epochMs(clock.now() + 30_000),
    issuedBy: 'test',
  });
  return receipt?.ok === true ? receipt.value.confirmation : (receipt?.error.code ?? 'no printer');
}

/** An image of 576 × 1500 dots: 108 kB, more than any buffer on the way. */
const BIG = ticketOf(
  {
    type: 'image',
    width: 576,
    height: 1_500,
    bits: Uint8Array.from({ length: 72 * 1_500 }, (_, at) => (at * 37) & 0xff),
  },
  { type: 'text', text: '完' },
);

const wholeImage = (printer: TicketPrinterSimulator): number =>
  printer.roll.reduce((sum, item) => sum + (item.type === 'raster' ? item.rows : 0), 0);

describe('a ticket printer on a real line', () => {
  it('over TCP: tickets, a big image in bands, a connection that breaks', async () => {
    const { line, take, drop } = socketLine();
    const server = createServer(take);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const printer = createTicketPrinterSimulator({ transport: line, clock });
    await printer.start();
    const driver = connect({ kind: 'tcp', host: '127.0.0.1', port }, { status: 'asb', completion: true });
    await until('the printer answers', () => driver.health.state === 'ready');
    expect(await print(driver)).toBe('observed');
    expect(printer.text()).toContain('㐀𠮷镕');
    expect(await print(driver, BIG)).toBe('observed');
    expect(wholeImage(printer)).toBe(1_500);
    drop();
    await until('the break is seen', () => driver.health.state === 'down');
    await until('the printer is there again', () => driver.health.state === 'ready');
    expect(await print(driver)).toBe('observed');
    await driver.stop();
    await printer.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  it('over a serial line: a ticket, and a cover that opens', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tickets-'));
    const pty = await createPtyPair(folder);
    const printer = createTicketPrinterSimulator({
      transport: createSerialTransport({ path: pty.b, baudRate: 115_200 }),
      clock,
    });
    unwrap(await printer.start());
    const driver = connect({ kind: 'serial', path: pty.a, baudRate: 115_200 }, { qr: 'raster' });
    await until('the printer answers', () => driver.health.state === 'ready');
    expect(await print(driver)).toBe('acknowledged');
    expect(printer.text()).toContain('师生服务大厅');
    printer.setCover('open');
    expect(await print(driver)).toBe('E-TKT-0102');
    expect(driver.health.reason?.code).toBe('E-TKT-0102');
    await driver.stop();
    await printer.stop();
    await pty.close();
    await rm(folder, { recursive: true, force: true });
  });
});
