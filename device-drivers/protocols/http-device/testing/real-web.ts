import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeviceReply, DeviceRequest, DeviceWeb } from '../../../transports/index.ts';

/** A simulated camera on real sockets: its server on a free port, its reports to the host's port. */
export async function openRealWeb(
  hostPort: number,
): Promise<{ readonly web: DeviceWeb; readonly url: string; close(): void }> {
  let handler: ((request: DeviceRequest) => DeviceReply | undefined) | undefined;
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const given = handler?.({ method: request.method ?? '', target: request.url ?? '', headers, body });
      if (!given) return;
      response.writeHead(given.status, { ...given.headers });
      if (!given.stream) {
        response.end(given.body);
        return;
      }
      given.stream(
        (bytes) => response.write(bytes),
        (listener) => response.on('close', listener),
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    web: {
      serve: (next) => {
        handler = next;
      },
      push: async ({ method, target, headers, body }) => {
        const sent = { method, headers: { ...headers }, body: Buffer.from(body) };
        const answer = await fetch(`http://127.0.0.1:${hostPort}${target}`, sent).catch(() => undefined);
        return answer && { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
      },
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
