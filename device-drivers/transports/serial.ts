import { existsSync, writeSync } from 'node:fs';
import type { SerialPort } from 'serialport';
import { type Cancel, type Clock, type Failure, type Result, failure, ok, seconds } from '@hallhub/sync/base';
import { type SerialSettings, type Transport, createEmitter, rethrow } from '../kit/index.ts';

type Port = SerialPort;

/** `serialport` carries a native part: loaded when a port is first opened, so that a machine without it runs the rest. */
async function loadSerialPort(): Promise<Result<typeof SerialPort>> {
  try {
    const module = await import('serialport');
    return ok(module.SerialPort);
  } catch (error) {
    return failure('E-DEV-0101', `serial ports cannot be used here: ${text(error)}`);
  }
}

/** How often it is looked whether the port's name is still there. */
const LOOK_EVERY = seconds(1);

/**
 * A serial port, also one behind USB. 8N1 unless the settings say otherwise. With a `clock` an unplugged port is noticed by
 * its vanished name as well: a terminal that hung up may read as endless silence, and then the port itself never tells.
 */
export function createSerialTransport(settings: Omit<SerialSettings, 'kind'>, clock?: Clock): Transport {
  const { path, baudRate, dataBits = 8, parity = 'none', stopBits = 1 } = settings;
  let port: Port | undefined;
  let opening: Promise<Result<void>> | undefined;
  /** Writes handed to the stream that have not come back; what follows must queue behind them. */
  let queued = 0;
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);

  let stopLooking: Cancel = () => undefined;

  const lookFor = (watched: Port): void => {
    if (!clock || !existsSync(path)) return;
    stopLooking = clock.after(LOOK_EVERY, () => {
      if (port !== watched) return;
      if (existsSync(path)) {
        lookFor(watched);
        return;
      }
      port = undefined;
      watched.close(() => undefined);
      down.emit({ code: 'E-DEV-0103', detail: `${path} is gone` });
    });
  };

  const adopt = (fresh: Port): void => {
    port = fresh;
    queued = 0;
    lookFor(fresh);
    fresh.on('data', (bytes: Uint8Array) => {
      if (port === fresh) data.emit(bytes);
    });
    fresh.on('close', (reason: Error | null) => {
      if (port !== fresh) return;
      port = undefined;
      stopLooking();
      const why: Failure = { code: 'E-DEV-0103', detail: `${path}: ${reason ? reason.message : 'closed'}` };
      down.emit(why);
    });
  };

  const dial = async (): Promise<Result<void>> => {
    const loaded = await loadSerialPort();
    if (!loaded.ok) return loaded;
    const Port = loaded.value;
    return new Promise((resolve) => {
      const fresh = new Port({ path, baudRate, dataBits, parity, stopBits, autoOpen: false });
      // What goes wrong after the opening arrives as 'close'; an 'error' that nobody hears would end the process.
      fresh.on('error', () => undefined);
      fresh.open((error) => {
        if (error) {
          resolve(failure('E-DEV-0101', error.message));
          return;
        }
        adopt(fresh);
        resolve(ok());
      });
    });
  };

  const writeQueued = (to: Port, bytes: Uint8Array): Promise<Result<void>> => {
    queued += 1;
    return new Promise((resolve) => {
      to.write(Buffer.from(bytes), (error) => {
        queued -= 1;
        resolve(error ? failure('E-DEV-0103', `${path}: ${error.message}`) : ok());
      });
    });
  };

  return {
    name: path,
    open: () => {
      if (port) return Promise.resolve(ok());
      opening ??= dial().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    write: (bytes) => {
      const current = port;
      if (!current) return Promise.resolve(failure('E-DEV-0102', path));
      if (queued > 0) return writeQueued(current, bytes);
      const written = writeNow(current, bytes);
      return written === bytes.length ? Promise.resolve(ok()) : writeQueued(current, bytes.subarray(written));
    },
    close: async (how) => {
      await opening;
      const current = port;
      port = undefined;
      stopLooking();
      if (!current?.isOpen) return;
      if (how === 'drop') {
        await new Promise<void>((resolve) => {
          current.flush(() => {
            resolve();
          });
        });
      }
      await new Promise<void>((resolve) => {
        current.close(() => {
          resolve();
        });
      });
    },
    onData: data.on,
    onDown: down.on,
  };
}

/**
 * Writes what the driver of the port takes at once, without the detour over the thread pool, which costs a gate more than
 * the decision itself. The descriptor is non-blocking; what does not fit (or fails) is left to the stream, whose errors
 * are handled in one place.
 */
function writeNow(port: Port, bytes: Uint8Array): number {
  const binding = port.port;
  if (!binding || !('fd' in binding) || typeof binding.fd !== 'number' || process.platform === 'win32') return 0;
  try {
    return writeSync(binding.fd, bytes);
  } catch {
    return 0;
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
