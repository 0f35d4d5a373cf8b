import { MESSAGE_LIMIT } from '@hallhub/sync/adapters/pipe';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { shapeOf } from '../../capabilities/index.ts';
import type { AgentHost } from '../types.ts';
import type { Connection } from './connection.ts';
import type { FetchBytes } from './fetched-bytes.ts';
import { withFetched } from './fetched-bytes.ts';
import { brief, hubAskSchema, topics } from './contract.ts';
import type { StationPart } from './part.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

/** So many of the last frames go up; what is larger than a message is refused. */
const MOST_FRAMES = 60;

/** So many calls are known again when they come twice. */
const MOST_REMEMBERED = 500;

/** Answers what the hub asks of this agent. What is no question of its is not answered. */
export function createHubQuestions(deps: {
  readonly connection: Pick<Connection, 'send'>;
  readonly host: () => AgentHost | undefined;
  readonly parts: readonly StationPart[];
  /** Gets what is too long for a message; without it such calls are refused. */
  readonly fetchBytes?: FetchBytes;
  readonly leaveSafeMode: () => void;
  readonly restart: () => void;
  readonly withdrawn: () => void;
}): (payload: Uint8Array) => Promise<void> {
  const { connection, host, parts } = deps;
  const begun = new Set<string>();
  return async (payload) => {
    const parsed = hubAskSchema.safeParse(decodeMessage(payload));
    if (!parsed.success) return;
    const { id, ...question } = parsed.data;
    const reply = (result: Result<unknown>): void => {
      const message = result.ok
        ? { id, value: result.value }
        : { id, error: { ...brief(result.error), class: 'reject' } };
      const encoded = encodeMessage(message);
      const tooLarge = { id, error: { code: 'E-SYNC-0105', class: 'reject', detail: question.method } };
      connection.send(topics.agentAnswers, encoded.length > MESSAGE_LIMIT ? encodeMessage(tooLarge) : encoded);
    };
    switch (question.method) {
      case 'call': {
        const { device, capability, name, args } = question.params;
        const method: unknown = Reflect.get(host()?.capability(device, capability) ?? {}, name);
        const isCall = Object.hasOwn(shapeOf(capability).calls, name);
        if (!isCall || typeof method !== 'function') {
          reply(failure('E-DEV-0203', `${device} has no ${capability}.${name}`));
          return;
        }
        // A pipe may bring a question twice: the same thing is done once, and whoever was first answers.
        if (begun.has(id)) return;
        begun.add(id);
        if (begun.size > MOST_REMEMBERED) begun.delete(begun.values().next().value ?? id);
        const whole = await withFetched(args, deps.fetchBytes);
        reply(
          whole.ok
            ? await (method as (...args: readonly unknown[]) => Promise<Result<unknown>>)(...whole.value)
            : whole,
        );
        return;
      }
      case 'traffic':
        reply(ok((host()?.traffic(question.params.device) ?? []).slice(-MOST_FRAMES)));
        return;
      case 'part': {
        const { part: name, name: method, params } = question.params;
        const part = parts.find((candidate) => candidate.name === name);
        reply(part ? part.answer(method, params) : failure('E-AGENT-0102', name));
        return;
      }
      case 'leave-safe-mode':
        reply(ok());
        deps.leaveSafeMode();
        return;
      case 'restart':
        reply(ok());
        deps.restart();
        return;
      case 'withdraw':
        reply(ok());
        deps.withdrawn();
    }
  };
}
