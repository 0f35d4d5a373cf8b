import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { CreatePart, PartContext, StationPart } from '@hallhub/device-drivers/agent/station';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { epochMs, failure, hours, iso, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import { z } from 'zod';
import { GATE_PARTS } from '../../config/gates.ts';
import { campusClock } from '../../calendar/index.ts';
import { secretContext } from '../enrol-passes.ts';
import { createRetention } from '../retention.ts';
import { createGateStore } from '../store/index.ts';
import { ownerOf } from '../pass-id.ts';
import type { Pass } from '../pass.ts';
import type { EntryRow } from '../store/entries.ts';
import { createCodeReader } from '../qr/index.ts';
import type { LegacyCodes } from '../qr/index.ts';
import type { Stranger } from './presentation.ts';
import { isSignedPass, signedAccount } from './signed-pass.ts';
import type { EdgeGateConfig } from './config-store.ts';
import { createEdgeConfig } from './config-store.ts';
import { createGateJournal, walked } from './journal.ts';
import type { RunningGates } from './run.ts';
import { runGates } from './run.ts';
import { createStandings } from './standings.ts';
import type { CodeTakenWire, CodeWithdrawnWire, CountCorrectionWire, CountedWire, PassWire } from './wire.ts';
import { areaReleased, entryAdded, entrySettled, gateAlarmed, gateKinds } from './wire.ts';

/** What a guard's order looks like on its way to an agent. */
export const admitParams = z.object({
  gateId: z.string().max(63),
  by: z.string().max(64),
  reason: z.string().max(64),
  passId: z.string().max(160).optional(),
  /** Who it is, under the hub's key: the agent hands it back with the entry. */
  sealed: z.string().max(2_000).optional(),
  /** By the hub's time. */
  expiresAt: z.number(),
});

/** What a guard typed or looked up, on its way to an agent. */
const presentParams = z.object({
  gateId: z.string().max(63),
  method: z.string().max(32),
  /** Hash under the agent's own key; or a pass, which the agent has or has not. */
  credential: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .exactOptional(),
  passId: z.string().max(160).exactOptional(),
  /** What was typed, for the guard's page; only the hub can open it. */
  sealed: z.base64().max(2_000).exactOptional(),
  /** By the hub's time. */
  expiresAt: z.number(),
});

/** How long entries stay on an agent that nothing is counted by, and passes after their end. */
const KEEP = hours(7 * 24);
const HOUR_MS = 3_600_000;
const LEGACY_PASSWORD = 'gate-legacy-codes';

/**
 * The gates that an agent decides at by itself: the same rules and the same journal as at the hub, over what the hub has
 * projected here. It goes on without the hub, and tells it everything afterwards.
 */
export function gatesPart(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Keyed hash under this agent's own key. */
  readonly match: (type: string, value: string) => Uint8Array;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): CreatePart {
  return (context) => createPart(deps, context);
}

function createPart(deps: Parameters<typeof gatesPart>[0], context: PartContext): StationPart {
  const { db, clock } = deps;
  const store = createGateStore(db);
  const config = createEdgeConfig(db);
  let host: AgentHost | undefined;
  let running: RunningGates | undefined;
  let standings: ReturnType<typeof createStandings> | undefined;
  let hosted = '';
  let cancelPurge: Cancel = () => undefined;
  const retention = createRetention({ db, store, clock, keep: KEEP, log: deps.log });
  const seal = (plain: Uint8Array, name: string): Uint8Array => context.sealer.seal(plain, name);

  const openSealed = (sealed: Uint8Array, name: string): Result<Uint8Array> => {
    try {
      return ok(context.sealer.open(sealed, name));
    } catch {
      return failure('E-VAULT-0101', name);
    }
  };

  /** The password of older codes lies here as little as any other secret. */
  const sealedSecrets = ({ legacyCodes, ...gate }: EdgeGateConfig): EdgeGateConfig => ({
    ...gate,
    ...(legacyCodes && {
      legacyCodes: {
        ...legacyCodes,
        password: Buffer.from(seal(Buffer.from(legacyCodes.password), LEGACY_PASSWORD)).toString('base64'),
      },
    }),
  });
  const legacyCodesOf = ({ legacyCodes }: EdgeGateConfig): { readonly legacy?: LegacyCodes } => {
    const opened = legacyCodes && openSealed(Buffer.from(legacyCodes.password, 'base64'), LEGACY_PASSWORD);
    return legacyCodes && opened?.ok
      ? { legacy: { ...legacyCodes, password: Buffer.from(opened.value).toString('utf8') } }
      : {};
  };

  const tellAdded = (row: EntryRow): void => {
    const stranger = row.display && openStranger(row, context);
    context.append(row.state === 'refused' ? 'refusals' : 'entries', {
      type: entryAdded,
      subject: row.gateId,
      data: {
        at: iso(row.at),
        clock: context.clockReading(),
        id: row.id,
        area: row.area ?? '',
        way: row.way ?? 'in',
        day: row.day ?? '',
        state: row.state as 'refused' | 'releasing' | 'unexpected' | 'free',
        companion: row.companion === 1,
        ...(row.code !== null && { code: row.code }),
        ...(row.warning !== null && { warning: row.warning }),
        ...(row.passId !== null && { passId: row.passId }),
        ...(row.method !== null && { method: row.method }),
        ...(row.byHand !== null && { byHand: row.byHand }),
        ...(row.codeStep !== null && { codeStep: row.codeStep }),
        ...(row.codeOwner !== null && { codeOwner: row.codeOwner }),
        ...(stranger && { stranger }),
      },
    });
  };
  const journal = createGateJournal({
    db,
    ...store,
    seal,
    onAdded: tellAdded,
    onSettled: (row, at, { confirmation }) => {
      context.append('entries', {
        type: entrySettled,
        subject: row.gateId,
        data: {
          at: iso(at),
          clock: context.clockReading(),
          id: row.id,
          state: row.state as 'released' | 'passed' | 'lapsed' | 'unconfirmed' | 'blocked',
          ...(row.code !== null && { code: row.code }),
          ...(confirmation && { confirmation }),
        },
      });
    },
    onAlarm: ({ id, gateId, alarm, at, clear }) => {
      transact(db, () => {
        if (clear) store.alarms.clear(gateId, alarm, at);
        else store.alarms.raise(id, gateId, alarm, at);
        const told = { at: iso(at), clock: context.clockReading() };
        context.append('entries', { type: gateAlarmed, subject: gateId, data: { ...told, id, alarm, clear } });
        if (alarm === 'fire' && !clear) {
          const area = config.gates().find(({ gate }) => gate.id === gateId)?.gate.area ?? '';
          context.append('entries', { type: areaReleased, subject: gateId, data: { ...told, area } });
        }
      });
    },
  });

  const begin = (): void => {
    const wanted = config.gates();
    const [first] = wanted;
    const text = JSON.stringify(wanted);
    if (!host || text === hosted) return;
    hosted = text;
    running?.stop();
    running = undefined;
    if (!first) return;
    const clockOfCampus = campusClock(first.calendar);
    standings = createStandings({ db, presence: store.presence, clock, campusClock: clockOfCampus });
    running = runGates({
      gates: wanted.map(({ gate }) => gate),
      areas: wanted.map(({ area }) => area),
      host,
      entries: store.entries,
      terminalsOf: store.passes,
      journal,
      standings,
      match: deps.match,
      codes: createCodeReader({
        db,
        vault: { match: deps.match, open: openSealed },
        passes: store.passes,
        visitorKeys: first.visitorKeys,
        ...legacyCodesOf(first),
      }),
      clock,
      campusClock: clockOfCampus,
      random: deps.random,
      pictureAge: context.pictureAge,
      clockTrusted: context.clockTrusted,
      // Other gates of an area are heard of through the hub, and only through it.
      alone: () => !context.connected() && 'area',
      log: deps.log,
    });
  };
  const purge = (): void => {
    cancelPurge = clock.after(HOUR_MS as never, purge);
    const before = epochMs(clock.now() - KEEP);
    store.passes.purge(before);
    store.codes.forgetTaken(epochMs(clock.now() - HOUR_MS));
    store.codes.forgetWithdrawn(clock.now());
  };

  /** A feed tells of each record once, in no order: a way through may have come before its pass. */
  const takeCounted = ({ id, kind, identities, account, uses, slot }: Omit<Pass, 'revoked'>): void => {
    const owner = { kind, subject: identities[0], ...(uses && { account }), ...(slot && { slot: slot.id }) };
    store.presence.rename(elsewhereSubject(id), owner.subject);
    for (const row of store.entries.own(id, owner)) walked(store, row, row.settledAt ?? row.at);
  };
  const putPass = ({ credentials, validFrom, validUntil, ...pass }: PassWire): void => {
    const dated = { ...pass, validFrom: epochMs(validFrom), validUntil: epochMs(validUntil) };
    // Under another key (an agent that was enrolled anew) everybody is called otherwise; what they have done stays theirs.
    const before = store.passes.pass(pass.id)?.identities[0];
    const [now] = pass.identities;
    if (before !== undefined && before !== now) {
      store.presence.renameOn(pass, before, now);
      store.entries.renameOn(pass.id, before, now);
    }
    store.passes.put({
      ...dated,
      credentials: credentials.map(({ hash, type, secret }) => {
        const credential = Buffer.from(hash, 'hex');
        return {
          credential,
          type,
          ...(secret !== undefined && { secret: seal(Buffer.from(secret, 'base64'), secretContext(credential)) }),
        };
      }),
    });
    takeCounted(dated);
  };
  /** A way through another gate counts here as if this one had seen it; whose it was is the pass's to say. */
  const putCounted = ({ elsewhere, leads, ...counted }: CountedWire): void => {
    const pass = store.passes.pass(counted.passId);
    const isNew = store.entries.add({
      ...counted,
      ...ownerOf(counted.passId),
      ...signedOwner(counted.passId),
      ...(elsewhere && !pass && { subject: elsewhereSubject(counted.passId) }),
      at: epochMs(counted.at),
      state: 'passed',
      source: 'hub',
    });
    if (leads && counted.way === 'in') store.presence.lead(counted.area, counted.day);
    if (pass) takeCounted(pass);
    else {
      // Named already: by its signature, or as somebody of elsewhere.
      const row = isNew ? store.entries.entry(counted.id) : undefined;
      if (row) walked(store, row, row.settledAt ?? row.at);
    }
  };
  const putStanding = (data: {
    scope: string;
    standing: 'open' | 'closed' | 'lock-down' | 'fire';
    since: number;
    by: string;
  }) => {
    if (standings) standings.order(data.scope, data.standing, data.by);
    else store.presence.stand(data.scope, data.standing, epochMs(data.since), data.by);
  };
  /** A fire that this agent's own contact has told, and of which the hub does not know yet, outlives whatever the hub took back. */
  const relaxStanding = (name: string): void => {
    const [scope = '', layer] = name.split('/');
    if (layer === 'fire') {
      const known = store.presence.standings().find((row) => row.scope === scope && row.standing === 'fire');
      if (config.gates().some(({ gate }) => known?.by === `gate:${gate.id}`)) return;
    }
    const taken = layer === 'fire' ? 'fire' : 'order';
    if (standings) standings.relax(scope, taken);
    else store.presence.relax(scope, taken, deps.clock.now());
  };

  return {
    name: 'gates',
    kinds: gateKinds,
    project: ({ op, kind, id, data }) => {
      const name = id.slice(id.indexOf('/') + 1);
      switch (`${kind} ${op}`) {
        case 'gate upsert':
          config.put(name, sealedSecrets(data as EdgeGateConfig));
          break;
        case 'gate revoke':
          config.remove(name);
          break;
        case 'gate-pass upsert':
          putPass(data as PassWire);
          break;
        case 'gate-pass revoke':
          store.passes.revokePass(name);
          break;
        case 'gate-counted upsert':
          putCounted(data as CountedWire);
          break;
        case 'gate-count-correction upsert': {
          const { area, heads, at } = data as CountCorrectionWire;
          store.presence.setCorrection(area, heads, epochMs(at));
          break;
        }
        case 'gate-count-correction revoke':
          store.presence.setCorrection(name, 0, clock.now());
          break;
        case 'gate-code-taken upsert': {
          const code = data as CodeTakenWire;
          store.codes.take({ ...code, at: epochMs(code.at) });
          break;
        }
        case 'gate-code-withdrawn upsert': {
          const { subject, until } = data as CodeWithdrawnWire;
          store.codes.withdraw(subject, epochMs(until));
          break;
        }
        case 'gate-standing upsert':
          putStanding(data as Parameters<typeof putStanding>[0]);
          break;
        case 'gate-standing revoke':
          relaxStanding(name);
          break;
        default:
      }
      return undefined;
    },
    applied: begin,
    attend: (fresh) => {
      host = fresh;
      begin();
      purge();
      retention.start();
      return () => {
        cancelPurge();
        retention.stop();
        running?.stop();
        running = undefined;
        host = undefined;
        hosted = '';
      };
    },
    deals: (deviceId) => config.gates().some(({ gate }) => GATE_PARTS.some((part) => gate[part] === deviceId)),
    answer: (name, params) => {
      const order = name === 'admit' ? admitParams.safeParse(params) : undefined;
      if (order?.success) return admit(order.data);
      const shown = name === 'present' ? presentParams.safeParse(params) : undefined;
      return shown?.success ? present(shown.data) : failure('E-AGENT-0102', name);
    },
  };

  /** A guard's word is for now: one that comes late does nothing. */
  function isLate({ expiresAt }: { readonly expiresAt: number }): boolean {
    const now: EpochMs | undefined = context.hubNow();
    return now === undefined || now >= expiresAt;
  }
  function present(params: z.output<typeof presentParams>): Result<unknown> {
    const { gateId, credential, passId, method, sealed } = params;
    if (isLate(params)) return failure('E-DEV-0201', gateId);
    // A pass that has not come here is as unknown as any stranger.
    const hash = credential ?? store.passes.pass(passId ?? '')?.identities[0] ?? '';
    const told = running?.present(gateId, {
      method,
      credential: Buffer.from(hash, 'hex'),
      ...(sealed !== undefined && { stranger: { sealed } }),
      at: clock.now(),
    });
    return told ? ok(told) : failure('E-GATE-0203', gateId);
  }
  function admit(order: z.output<typeof admitParams>): Result<unknown> {
    if (isLate(order)) return failure('E-DEV-0201', order.gateId);
    const pass = order.passId === undefined ? undefined : store.passes.pass(order.passId);
    const stranger = order.sealed === undefined ? undefined : { sealed: order.sealed };
    const admitted = running?.admit(order.gateId, {
      ...{ by: order.by, reason: order.reason },
      ...(pass && { pass }),
      ...(stranger && { stranger }),
    });
    if (!admitted) return failure('E-GATE-0203', order.gateId);
    return admitted.ok ? ok({ entryId: admitted.value }) : admitted;
  }
}

/** Who is inside on a pass that opens other gates than this agent's; nobody's hash is called so. */
const elsewhereSubject = (passId: string): string => `elsewhere:${passId}`;

/** Whose a code is that opened by its signature alone, is said by itself. */
const signedOwner = (passId: string) =>
  isSignedPass(passId) ? { subject: signedAccount(passId), account: signedAccount(passId) } : {};

function openStranger(row: EntryRow, { sealer }: PartContext): Stranger | undefined {
  if (row.display === null) return undefined;
  return JSON.parse(Buffer.from(sealer.open(row.display, `gate-entry/${row.id}`)).toString('utf8')) as Stranger;
}
