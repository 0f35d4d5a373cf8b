import type { ToParent } from './messages.ts';

/** The process that started this one. */
export interface Parent {
  tell(message: ToParent): void;
  onMessage(listener: (message: unknown) => void): void;
  /** It is gone, or has let go of this process. */
  onGone(listener: () => void): void;
  /** Resolves when everything that was told has left. Nothing is told or heard afterwards. */
  close(): Promise<void>;
}

/** What Electron calls `process.parentPort` in a utility process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
}

/** Undefined for a process that nobody talks to: started from a shell, or by a service manager. */
export function parentOf(process: NodeJS.Process): Parent | undefined {
  const port: unknown = Reflect.get(process, 'parentPort');
  if (typeof port === 'object' && port !== null && 'postMessage' in port) return overPort(port as ParentPort);
  return process.send ? overIpc(process) : undefined;
}

function overPort(port: ParentPort): Parent {
  return {
    tell: (message) => {
      port.postMessage(message);
    },
    onMessage: (listener) => {
      port.on('message', ({ data }) => {
        listener(data);
      });
    },
    // Electron ends its utility processes with itself; an agent is made to survive that.
    onGone: () => undefined,
    close: () => Promise.resolve(),
  };
}

function overIpc(process: NodeJS.Process): Parent {
  let sending: Promise<unknown> = Promise.resolve();
  return {
    tell: (message) => {
      if (!process.connected) return;
      // A parent that dies in this moment is heard of by `disconnect`.
      const sent = new Promise<void>((resolve) => {
        process.send?.(message, undefined, undefined, () => {
          resolve();
        });
      });
      sending = Promise.all([sending, sent]);
    },
    onMessage: (listener) => process.on('message', listener),
    onGone: (listener) => process.once('disconnect', listener),
    close: async () => {
      await sending;
      if (process.connected) process.disconnect();
    },
  };
}
