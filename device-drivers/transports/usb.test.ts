import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ok } from '@hallhub/sync/base';
import { type TransportFixture, transportContract } from '../kit/testing/index.ts';
import { type UsbBus, type UsbDeviceLike, createUsbTransport } from './index.ts';

/*
 * There is no USB bus where tests run: this device stands for one behind the WebUSB surface. What the kernel, the package's
 * native part and real hardware do is not shown here.
 */
interface FakePrinter {
  readonly bus: UsbBus;
  readonly calls: string[];
  readonly received: () => Uint8Array;
  send(bytes: Uint8Array): void;
  unplug(): void;
  plug(): void;
}

function fakePrinter({ serialNumber = 'A1', heldByKernel = true, interfaceClass = 7, takes = 64 } = {}): FakePrinter {
  let plugged = true;
  let received = Buffer.alloc(0);
  let outgoing = Buffer.alloc(0);
  const calls: string[] = [];
  const watchers = new Set<(device: UsbDeviceLike) => void>();
  const gone = (): void => {
    if (!plugged) throw new Error('device disconnected');
  };
  const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const device: UsbDeviceLike = {
    vendorId: 0x0416,
    productId: 0x5011,
    serialNumber,
    configuration: {
      interfaces: [
        { interfaceNumber: 0, alternate: { interfaceClass: 3, endpoints: [] } },
        {
          interfaceNumber: 1,
          alternate: {
            interfaceClass,
            endpoints: [
              { endpointNumber: 2, direction: 'in', type: 'bulk' },
              { endpointNumber: 3, direction: 'out', type: 'bulk' },
            ],
          },
        },
      ],
    },
    open: async () => {
      await later();
      calls.push('open');
    },
    close: async () => {
      await later();
      calls.push('close');
    },
    claimInterface: async (number) => {
      await later();
      if (heldByKernel && !calls.includes('detach 1')) throw new Error('interface is busy');
      calls.push(`claim ${number}`);
    },
    releaseInterface: async (number) => {
      await later();
      gone();
      calls.push(`release ${number}`);
    },
    detachKernelDriver: async (number) => {
      await later();
      if (!heldByKernel) throw new Error('no kernel driver');
      calls.push(`detach ${number}`);
    },
    attachKernelDriver: async (number) => {
      await later();
      calls.push(`attach ${number}`);
    },
    transferIn: async (endpointNumber, length) => {
      await later();
      gone();
      expect(endpointNumber).toBe(2);
      if (outgoing.length === 0) throw new Error('transfer timed out');
      const part = Uint8Array.from(outgoing.subarray(0, length));
      outgoing = outgoing.subarray(part.length);
      return { data: new DataView(part.buffer), status: 'ok' };
    },
    transferOut: async (endpointNumber, data) => {
      await later();
      gone();
      expect(endpointNumber).toBe(3);
      const part = data.subarray(0, takes);
      received = Buffer.concat([received, part]);
      return { bytesWritten: part.length, status: 'ok' };
    },
  };
  return {
    calls,
    received: () => received,
    send: (bytes) => {
      outgoing = Buffer.concat([outgoing, bytes]);
    },
    unplug: () => {
      plugged = false;
      for (const watcher of watchers) watcher(device);
    },
    plug: () => {
      plugged = true;
    },
    bus: {
      getDevices: () => Promise.resolve(plugged ? [device] : []),
      onDisconnect: (listener) => {
        watchers.add(listener);
        return () => watchers.delete(listener);
      },
    },
  };
}

const settings = { vendorId: 0x0416, productId: 0x5011 };

transportContract('usb, over a stand-in for the bus', () => {
  const printer = fakePrinter();
  const fixture: TransportFixture = {
    transport: createUsbTransport(settings, () => Promise.resolve(ok(printer.bus))),
    received: printer.received,
    send: (bytes) => {
      printer.send(bytes);
      return Promise.resolve();
    },
    unplug: () => {
      printer.unplug();
      return Promise.resolve();
    },
    plug: () => {
      printer.plug();
      return Promise.resolve();
    },
    dispose: () => Promise.resolve(),
  };
  return Promise.resolve(fixture);
});

describe('usb', () => {
  const open = async (printer: FakePrinter, more: object = {}) => {
    const transport = createUsbTransport({ ...settings, ...more }, () => Promise.resolve(ok(printer.bus)));
    const result = await transport.open();
    return { transport, result };
  };

  it('takes the printer from the kernel and gives it back', async () => {
    const printer = fakePrinter();
    const { transport } = await open(printer);
    await transport.close();
    expect(printer.calls).toEqual(['open', 'detach 1', 'claim 1', 'release 1', 'attach 1', 'close']);
  });

  it('leaves the kernel alone where it held nothing', async () => {
    const printer = fakePrinter({ heldByKernel: false, interfaceClass: 0xff });
    const { transport } = await open(printer);
    await transport.close();
    expect(printer.calls).toEqual(['open', 'claim 1', 'release 1', 'close']);
  });

  it('knows a device by its serial number', async () => {
    const other = await open(fakePrinter({ serialNumber: 'B2' }), { serialNumber: 'A1' });
    expect(other.result).toMatchObject({ ok: false, error: { code: 'E-DEV-0101' } });
    const it = await open(fakePrinter({ serialNumber: 'A1' }), { serialNumber: 'A1' });
    expect(it.result).toMatchObject({ ok: true });
    await it.transport.close();
    expect(it.transport.name).toBe('usb:0416:5011:A1');
  });

  it('refuses a device without a usable interface, and lets it go', async () => {
    const printer = fakePrinter({ interfaceClass: 8 });
    const { result } = await open(printer);
    expect(result).toMatchObject({ ok: false, error: { code: 'E-DEV-0101' } });
    expect(printer.calls).toEqual(['open', 'close']);
  });

  it('says so where the machine has no such device, or no USB at all', async () => {
    const transport = createUsbTransport({ vendorId: 1, productId: 1 });
    const opened = await transport.open();
    expect(opened).toMatchObject({ ok: false, error: { code: 'E-DEV-0101' } });
    if (!existsSync('/sys/bus/usb/devices'))
      expect(opened).toMatchObject({ error: { detail: expect.stringContaining('no USB') as string } });
  });
});

describe('usb with endpoints of its own', () => {
  /** What is behind an interface that takes the first bytes at one endpoint and the rest at another, and answers on two. */
  function fakeReader({ interfaceClass = 0 } = {}) {
    const written: { endpoint: number; hex: string }[] = [];
    const waiting = new Map<number, Uint8Array[]>([
      [1, []],
      [5, []],
    ]);
    const bulk = (endpointNumber: number, direction: 'in' | 'out') => ({
      endpointNumber,
      direction,
      type: 'bulk' as const,
    });
    const nothing = (): Promise<void> => Promise.resolve();
    const device: UsbDeviceLike = {
      vendorId: 0x0400,
      productId: 0xc35a,
      configuration: {
        interfaces: [
          { interfaceNumber: 0, alternate: { interfaceClass: 0xff, endpoints: [bulk(3, 'in'), bulk(4, 'out')] } },
          {
            interfaceNumber: 1,
            alternate: { interfaceClass, endpoints: [bulk(1, 'in'), bulk(5, 'in'), bulk(2, 'out'), bulk(6, 'out')] },
          },
        ],
      },
      open: nothing,
      close: nothing,
      claimInterface: (number) => {
        expect(number).toBe(1);
        return Promise.resolve();
      },
      releaseInterface: nothing,
      detachKernelDriver: () => Promise.reject(new Error('no kernel driver')),
      attachKernelDriver: nothing,
      transferIn: async (endpointNumber) => {
        await new Promise((resolve) => setImmediate(resolve));
        const part = waiting.get(endpointNumber)?.shift();
        if (!part) throw new Error('transfer timed out');
        return { data: new DataView(Uint8Array.from(part).buffer), status: 'ok' };
      },
      transferOut: (endpoint, data) => {
        written.push({ endpoint, hex: Buffer.from(data).toString('hex') });
        return Promise.resolve({ bytesWritten: data.length, status: 'ok' });
      },
    };
    const bus: UsbBus = { getDevices: () => Promise.resolve([device]), onDisconnect: () => () => undefined };
    return { bus, written, waiting };
  }
  const endpoints = { inputs: [1, 5], output: { head: 2, headBytes: 7, rest: 6 } };
  const open = async (reader: { readonly bus: UsbBus }, more: object = {}) => {
    const transport = createUsbTransport({ vendorId: 0x0400, productId: 0xc35a, endpoints, ...more }, () =>
      Promise.resolve(ok(reader.bus)),
    );
    return { transport, result: await transport.open() };
  };

  it('splits each write between two endpoints, and a short one goes to the first alone', async () => {
    const reader = fakeReader();
    const { transport } = await open(reader);
    const request = Buffer.from('aaaaaa96690003200122', 'hex');
    const written = await Promise.all([transport.write(request), transport.write(request.subarray(0, 4))]);
    expect(written).toEqual([ok(), ok()]);
    expect(reader.written).toEqual([
      { endpoint: 2, hex: 'aaaaaa96690003' },
      { endpoint: 6, hex: '200122' },
      { endpoint: 2, hex: 'aaaaaa96' },
    ]);
    await transport.close();
  });

  it('reads both inputs', async () => {
    const reader = fakeReader();
    const { transport } = await open(reader);
    let heard = '';
    const both = new Promise<void>((resolve) => {
      transport.onData((bytes) => {
        heard += Buffer.from(bytes).toString('hex');
        if (heard.length === 8) resolve();
      });
    });
    reader.waiting.get(1)?.push(Uint8Array.of(0xaa, 0xbb));
    reader.waiting.get(5)?.push(Uint8Array.of(0xcc, 0xdd));
    await both;
    expect([heard.slice(0, 4), heard.slice(4)].sort()).toEqual(['aabb', 'ccdd']);
    await transport.close();
  });

  it('refuses a device that has not all of them', async () => {
    const other = { ...endpoints, inputs: [1, 7] };
    const { result } = await open(fakeReader(), { endpoints: other });
    expect(result).toMatchObject({ ok: false, error: { code: 'E-DEV-0101' } });
  });
});
