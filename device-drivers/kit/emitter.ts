import type { Cancel } from '@hallhub/sync/base';

export interface Emitter<T> {
  readonly on: (listener: (value: T) => void) => Cancel;
  /** Calls every listener; one that throws does not keep the others from hearing, nor the caller from going on. */
  readonly emit: (value: T) => void;
  readonly listeners: number;
}

/** What to do with the error of a listener that threw: somebody else's bug, told and survived. */
export type ListenerError = (error: unknown) => void;

export function createEmitter<T>(onError: ListenerError): Emitter<T> {
  let listeners: readonly ((value: T) => void)[] = [];
  return {
    on: (listener) => {
      const entry = (value: T): void => {
        listener(value);
      };
      listeners = [...listeners, entry];
      return () => {
        listeners = listeners.filter((other) => other !== entry);
      };
    },
    emit: (value) => {
      for (const listener of listeners) {
        try {
          listener(value);
        } catch (error) {
          onError(error);
        }
      }
    },
    get listeners() {
      return listeners.length;
    },
  };
}

/** For an emitter inside the kit, whose listeners guard themselves: a throw there is a bug of ours and must be seen. */
export const rethrow: ListenerError = (error) => {
  throw error;
};
