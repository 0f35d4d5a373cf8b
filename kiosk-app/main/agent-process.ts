import type { UtilityProcess } from 'electron';
import type { Cancel, Clock, MonoMs } from '@hallhub/sync/base';
import type { ToParent } from '../agent/messages.ts';
import { STEADY, waitBeforeRestart } from './agent-restarts.ts';

export type AgentChild = Pick<UtilityProcess, 'on' | 'postMessage' | 'kill'>;

export interface AgentProcess {
  /** Ends it, and starts no other. */
  stop(): void;
}

/** Keeps the agent of this kiosk running beside the screen, in a process that can fall without it. */
export function keepAgent(options: {
  readonly fork: () => AgentChild;
  readonly clock: Clock;
  readonly onMessage: (message: ToParent) => void;
  /** It ended, and is started again after so many milliseconds. */
  readonly onEnd: (exitCode: number, wait: number) => void;
}): AgentProcess {
  const { fork, clock, onMessage, onEnd } = options;
  let failures = 0;
  let isStopping = false;
  let child: AgentChild | undefined;
  let cancel: Cancel | undefined;

  const start = (): void => {
    const startedAt: MonoMs = clock.monotonic();
    child = fork();
    child.on('message', (message) => {
      onMessage(message as ToParent);
    });
    child.on('exit', (exitCode) => {
      child = undefined;
      if (isStopping) return;
      if (clock.monotonic() - startedAt >= STEADY) failures = 0;
      const wait = waitBeforeRestart(exitCode, failures);
      failures += 1;
      onEnd(exitCode, wait);
      cancel = clock.after(wait, start);
    });
  };
  start();
  return {
    stop: () => {
      isStopping = true;
      cancel?.();
      child?.postMessage({ type: 'stop' });
    },
  };
}
