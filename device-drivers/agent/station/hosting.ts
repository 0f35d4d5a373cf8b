import { type Cancel, type Clock, ms } from '@hallhub/sync/base';
import type { DeviceLog } from '../../kit/index.ts';
import type { AgentHost, AgentHostOptions, AssignableHost, DeviceDefinition } from '../types.ts';
import type { AgentDevice } from './contract.ts';
import type { StationProfiles } from './profiles.ts';
import type { StationStore } from './store.ts';

/** Builds the host for the devices that the hub has assigned to this agent. */
export type CreateHost = (
  options: Pick<AgentHostOptions, 'devices' | 'firmware' | 'log' | 'profiles'>,
) => AssignableHost;

/** Hosts what the hub has assigned, as the store has it. */
export interface Hosting {
  /** Undefined before the first assignment and in safe mode. */
  readonly host: AgentHost | undefined;
  /** What is assigned has changed. Changes that come together are taken over at once. */
  assignSoon(): void;
  /** What was assigned when the hub was last heard runs at once. */
  start(): void;
  /** Devices are stopped after whatever assignment is under way; `before` runs between the two. */
  stop(before: () => void): Promise<void>;
}

const REASSIGN_AFTER = ms(300);

export function createHosting(deps: {
  readonly store: Pick<StationStore, 'devices' | 'firmware'>;
  readonly profiles: StationProfiles;
  readonly clock: Clock;
  readonly log: DeviceLog;
  /** In it no device is touched. */
  readonly safeMode: string | undefined;
  readonly createHost: CreateHost;
  /** The host is there, and its devices are not started yet. It stays the same from now on. */
  readonly attend: (host: AgentHost) => void;
  readonly onAssigned: () => void;
  readonly fault: (error: unknown) => void;
}): Hosting {
  const { store, profiles, clock, log } = deps;
  let host: AssignableHost | undefined;
  let hosted = '';
  let isStopping = false;
  let cancelSoon: Cancel | undefined;
  /** One assignment at a time: a line must be closed before its successor opens it. */
  let turn: Promise<void> = Promise.resolve();

  const assign = async (): Promise<void> => {
    if (deps.safeMode !== undefined || isStopping) return;
    const devices = store.devices();
    const { key, catalogue } = profiles.assigned();
    const wanted = JSON.stringify([devices, key]);
    if (wanted === hosted && host) return;
    const assignment = { devices: devices.map(toDefinition), ...(catalogue && { profiles: catalogue }) };
    if (host) await host.assign(assignment);
    else {
      host = deps.createHost({ ...assignment, firmware: store.firmware, log });
      deps.attend(host);
      host.start();
    }
    hosted = wanted;
    log.info({ devices: devices.length }, 'the devices of this agent are hosted');
    deps.onAssigned();
  };
  const assignNow = (): void => {
    turn = turn.then(assign).catch(deps.fault);
  };

  return {
    get host() {
      return host;
    },
    assignSoon: () => {
      cancelSoon ??= clock.after(REASSIGN_AFTER, () => {
        cancelSoon = undefined;
        assignNow();
      });
    },
    start: () => {
      isStopping = false;
      assignNow();
    },
    stop: async (before) => {
      isStopping = true;
      cancelSoon?.();
      cancelSoon = undefined;
      await turn;
      before();
      await host?.stop();
    },
  };
}

/** The wire's shape of a device as the host takes it. */
const toDefinition = ({ id, profile, transport, params }: AgentDevice): DeviceDefinition => ({
  id,
  profile,
  transport,
  params,
});
