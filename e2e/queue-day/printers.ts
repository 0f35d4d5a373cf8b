import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Transport } from '@hallhub/device-drivers/kit';
import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import { createTicketPrinterSimulator } from '@hallhub/device-drivers/protocols/escpos';
import { ok, systemClock, unwrap } from '@hallhub/sync/base';
import type { CleanUp } from '../testing/clean-up.ts';

/** Ticket printers on the network, each on a port of its own, that print as fast as they are told. */
export interface TicketPrinters {
  readonly ports: readonly number[];
  /** The text of every ticket that came out. */
  papers(): readonly string[];
}

export async function openPrinters(count: number, { later }: CleanUp): Promise<TicketPrinters> {
  const clock = systemClock({ mode: 'test' });
  const papers: string[] = [];
  const ports: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const data = createEmitter<Uint8Array>(rethrow);
    let socket: Socket | undefined;
    const line: Transport = {
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
    };
    const server = createServer((fresh) => {
      socket = fresh;
      fresh.on('data', data.emit);
      fresh.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    ports.push(address !== null && typeof address === 'object' ? address.port : 0);
    const printer = createTicketPrinterSimulator({ transport: line, clock });
    unwrap(await printer.start());
    let paper: string[] = [];
    printer.onPrinted((item) => {
      if (item.type === 'line') paper.push(item.cells.map(({ character }) => character).join(''));
      if (item.type !== 'cut') return;
      papers.push(paper.join('\n'));
      paper = [];
    });
    later(async () => {
      await printer.stop();
      server.close();
    });
  }
  return { ports, papers: () => papers };
}
