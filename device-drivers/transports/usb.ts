import { existsSync } from 'node:fs';
import { type Failure, type Result, failure, ok } from '@hallhub/sync/base';
import { type Transport, type UsbEndpoints, type UsbSettings, createEmitter, rethrow } from '../kit/index.ts';

export interface UsbEndpointLike {
  readonly endpointNumber: number;
  readonly direction: 'in' | 'out';
  readonly type: 'bulk' | 'interrupt' | 'isochronous';
}

export interface UsbInterfaceLike {
  readonly interfaceNumber: number;
  readonly alternate: { readonly interfaceClass: number; readonly endpoints: readonly UsbEndpointLike[] };
}

/** As much of a WebUSB device, and of what the `usb` package adds to it, as a byte line needs. */
export interface UsbDeviceLike {
  readonly vendorId: number;
  readonly productId: number;
  readonly serialNumber?: string | null | undefined;
  readonly configuration?: { readonly interfaces: readonly UsbInterfaceLike[] } | null | undefined;
  open(): Promise<void>;
  close(): Promise<void>;
  claimInterface(interfaceNumber: number): Promise<void>;
  releaseInterface(interfaceNumber: number): Promise<void>;
  detachKernelDriver(interfaceNumber: number): Promise<void>;
  attachKernelDriver(interfaceNumber: number): Promise<void>;
  transferIn(
    endpointNumber: number,
    length: number,
    timeout?: number,
  ): Promise<{ readonly data?: DataView | undefined; readonly status?: string | undefined }>;
  transferOut(
    endpointNumber: number,
    data: Uint8Array<ArrayBuffer>,
    timeout?: number,
  ): Promise<{ readonly bytesWritten: number; readonly status?: string | undefined }>;
}

export interface UsbBus {
  getDevices(): Promise<readonly UsbDeviceLike[]>;
  /** Calls back when a device is unplugged. */
  onDisconnect(listener: (device: UsbDeviceLike) => void): () => void;
}

const SYSFS = '/sys/bus/usb/devices';

/**
 * This machine's USB. Looked for first: without sysfs the package's event listener ends the process by a rejection that
 * nobody can catch. Its native part is loaded with the first opening, so that a machine without it runs the rest.
 */
async function systemUsb(): Promise<Result<UsbBus>> {
  if (process.platform === 'linux' && !existsSync(SYSFS)) {
    return failure('E-DEV-0101', `this machine has no USB (${SYSFS} is missing)`);
  }
  try {
    const { usb } = await import('usb');
    return ok({
      // The package adds the transfers to its devices at run time; its types do not say so.
      getDevices: () => usb.getDevices() as Promise<readonly unknown[]> as Promise<readonly UsbDeviceLike[]>,
      onDisconnect: (listener) => {
        const heard = ({ device }: { readonly device: unknown }): void => {
          listener(device as UsbDeviceLike);
        };
        usb.addEventListener('disconnect', heard);
        return () => {
          usb.removeEventListener('disconnect', heard);
        };
      },
    });
  } catch (error) {
    return failure('E-DEV-0101', `USB cannot be used here: ${text(error)}`);
  }
}

const PRINTER_CLASS = 0x07;
const VENDOR_CLASS = 0xff;
const READ_BYTES = 512;
/** A read that brings nothing within this time is made again; only then can the line be closed. */
const READ_TIMEOUT_MS = 250;
/** A printer that is busy takes its bytes late; without its own limit the package gives up after a second. */
const WRITE_TIMEOUT_MS = 20_000;
/** So much is under way at most when the line is dropped. */
const WRITE_BYTES = 4_096;

interface Opened {
  readonly device: UsbDeviceLike;
  readonly interfaceNumber: number;
  readonly inputs: readonly number[];
  readonly output: UsbEndpoints['output'];
  readonly detached: boolean;
  isOpen: boolean;
  reading: Promise<unknown>;
  /** Bulk transfers one after the other. */
  turn: Promise<unknown>;
  unwatch: () => void;
}

/** What an operator would call it. */
export function usbName({ vendorId, productId, serialNumber }: Omit<UsbSettings, 'kind'>): string {
  const hex = (id: number): string => id.toString(16).padStart(4, '0');
  return `usb:${hex(vendorId)}:${hex(productId)}${serialNumber === undefined ? '' : `:${serialNumber}`}`;
}

/** The bulk endpoints of a USB device as a byte line. */
export function createUsbTransport(
  settings: Omit<UsbSettings, 'kind'>,
  findBus: () => Promise<Result<UsbBus>> = systemUsb,
): Transport {
  const name = usbName(settings);
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);
  let current: Opened | undefined;
  let opening: Promise<Result<void>> | undefined;

  const dial = async (): Promise<Result<void>> => {
    const bus = await findBus();
    if (!bus.ok) return bus;
    try {
      const device = (await bus.value.getDevices()).find((each) => isIt(each, settings));
      if (!device) return failure('E-DEV-0101', `${name} is not plugged in`);
      await device.open();
      const usable = device.configuration?.interfaces.find((each) => isUsable(each, settings));
      const endpoints = settings.endpoints ?? firstEndpoints(usable);
      if (!usable || !endpoints) {
        await device.close();
        return failure('E-DEV-0101', `${name} has no interface with a bulk endpoint for output`);
      }
      const { interfaceNumber } = usable;
      const detached = await detach(device, interfaceNumber);
      try {
        await device.claimInterface(interfaceNumber);
      } catch (error) {
        await device.close();
        return failure('E-DEV-0101', `${name}: ${text(error)}`);
      }
      const opened: Opened = {
        device,
        interfaceNumber,
        inputs: endpoints.inputs,
        output: endpoints.output,
        detached,
        isOpen: true,
        reading: Promise.resolve(),
        turn: Promise.resolve(),
        unwatch: () => undefined,
      };
      opened.unwatch = bus.value.onDisconnect((gone) => {
        if (isIt(gone, settings)) lost(opened, 'unplugged');
      });
      current = opened;
      opened.reading = Promise.all(opened.inputs.map((input) => read(opened, input)));
      return ok();
    } catch (error) {
      return failure('E-DEV-0101', `${name}: ${text(error)}`);
    }
  };

  const lost = (opened: Opened, why: string): void => {
    if (!opened.isOpen) return;
    opened.isOpen = false;
    opened.unwatch();
    if (current === opened) current = undefined;
    void opened.device.close().catch(() => undefined);
    down.emit({ code: 'E-DEV-0103', detail: `${name}: ${why}` });
  };
  const read = async (opened: Opened, input: number): Promise<void> => {
    const { device } = opened;
    while (opened.isOpen) {
      try {
        const { data: view } = await device.transferIn(input, READ_BYTES, READ_TIMEOUT_MS);
        if (current === opened && view && view.byteLength > 0) {
          data.emit(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice());
        }
      } catch (error) {
        // Nothing to read is an error here as well; a device that is gone says so in other words, or by its event.
        if (!/time[d ]*-?out|cancel/i.test(text(error))) lost(opened, text(error));
      }
      await nextTurn();
    }
  };
  const transfer = async (opened: Opened, bytes: Uint8Array<ArrayBuffer>): Promise<Result<void>> => {
    const { head, headBytes, rest } = opened.output;
    const began = await transferTo(opened, head, bytes.subarray(0, headBytes));
    return began.ok ? transferTo(opened, rest, bytes.subarray(headBytes)) : began;
  };
  const transferTo = async (
    opened: Opened,
    endpointNumber: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Result<void>> => {
    let sent = 0;
    while (sent < bytes.length) {
      if (!opened.isOpen) return failure('E-DEV-0103', name);
      try {
        const { bytesWritten, status } = await opened.device.transferOut(
          endpointNumber,
          bytes.subarray(sent, sent + WRITE_BYTES),
          WRITE_TIMEOUT_MS,
        );
        if (status === 'stall' || bytesWritten <= 0) return failure('E-DEV-0103', `${name}: the endpoint stalled`);
        sent += bytesWritten;
      } catch (error) {
        lost(opened, text(error));
        return failure('E-DEV-0103', `${name}: ${text(error)}`);
      }
    }
    return ok();
  };

  return {
    name,
    open: () => {
      if (current) return Promise.resolve(ok());
      opening ??= dial().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    write: (bytes) => {
      const opened = current;
      if (!opened) return Promise.resolve(failure('E-DEV-0102', name));
      const copy = Uint8Array.from(bytes);
      const written = opened.turn.then(() => transfer(opened, copy));
      opened.turn = written;
      return written;
    },
    close: async (how) => {
      await opening;
      const opened = current;
      current = undefined;
      if (!opened) return;
      if (how !== 'drop') await opened.turn;
      opened.isOpen = false;
      opened.unwatch();
      await opened.reading;
      const { device, interfaceNumber } = opened;
      try {
        await device.releaseInterface(interfaceNumber);
        if (opened.detached) await device.attachKernelDriver(interfaceNumber);
        await device.close();
      } catch {
        // It is gone; there is nothing left to give back.
      }
    },
    onData: data.on,
    onDown: down.on,
  };
}

function isIt(device: UsbDeviceLike, { vendorId, productId, serialNumber }: Omit<UsbSettings, 'kind'>): boolean {
  return (
    device.vendorId === vendorId &&
    device.productId === productId &&
    (serialNumber === undefined || device.serialNumber === serialNumber)
  );
}

function isUsable(candidate: UsbInterfaceLike, { interfaceNumber, endpoints }: Omit<UsbSettings, 'kind'>): boolean {
  if (endpoints && !hasAll(candidate, endpoints)) return false;
  if (interfaceNumber !== undefined) return candidate.interfaceNumber === interfaceNumber;
  // Whoever has just these endpoints is meant, whatever class it calls itself.
  if (endpoints) return true;
  const { interfaceClass } = candidate.alternate;
  return (
    (interfaceClass === PRINTER_CLASS || interfaceClass === VENDOR_CLASS) && endpoint(candidate, 'out') !== undefined
  );
}

function endpoint(candidate: UsbInterfaceLike | undefined, direction: 'in' | 'out'): number | undefined {
  return candidate?.alternate.endpoints.find((each) => each.type === 'bulk' && each.direction === direction)
    ?.endpointNumber;
}

function hasAll(candidate: UsbInterfaceLike, { inputs, output }: UsbEndpoints): boolean {
  const has = (direction: 'in' | 'out', number: number): boolean =>
    candidate.alternate.endpoints.some(
      (each) => each.type === 'bulk' && each.direction === direction && each.endpointNumber === number,
    );
  return inputs.every((each) => has('in', each)) && has('out', output.head) && has('out', output.rest);
}

/** The first bulk endpoint of each direction; undefined where there is none for output. */
function firstEndpoints(candidate: UsbInterfaceLike | undefined): UsbEndpoints | undefined {
  const input = endpoint(candidate, 'in');
  const output = endpoint(candidate, 'out');
  if (output === undefined) return undefined;
  return { inputs: input === undefined ? [] : [input], output: { head: output, headBytes: 0, rest: output } };
}

/** Takes the interface from the kernel's own driver (`usblp` holds printers); false where none held it. */
async function detach(device: UsbDeviceLike, interfaceNumber: number): Promise<boolean> {
  try {
    await device.detachKernelDriver(interfaceNumber);
    return true;
  } catch {
    return false;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
