import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import { printerProblem } from '@hallhub/device-drivers/capabilities';
import type { DeviceHealth } from '@hallhub/device-drivers/kit';
import type { Code, Result } from '@hallhub/sync/base';
import type { PrinterView, SupplyState } from './contract.ts';

/** What is known of a printer's paper beside what it says itself. */
export interface PaperCount {
  /** Put in at the last refill. */
  readonly filled: number;
  /** Came out since. */
  readonly used: number;
  readonly lowAt: number;
}

/** A marker at or below so many percent runs low (Printer MIB, RFC 3805: levels are percent of the capacity). */
const LOW_MARKER = 10;
const LOW_PAPER = new Set(['media-low']);
const LOW_TONER = new Set(['toner-low', 'marker-supply-low', 'marker-waste-almost-full']);

/** A printer as the screens show it. Total: whatever it answered, or that it did not; `unfit`: why no certificate may go to it. */
export function printerView(
  id: string,
  health: DeviceHealth | undefined,
  answer: Result<PrinterStatus> | undefined,
  paper: PaperCount | undefined,
  unfit?: Code,
): PrinterView {
  if (health?.state === 'down' || !answer?.ok) {
    const code = answer?.ok === false ? answer.error.code : health?.reason?.code;
    // Nobody has asked it yet: it is not called broken for that.
    const state = health?.state === 'down' || answer ? 'down' : 'busy';
    return { id, state, ...(code !== undefined && { code }), paper: 'unknown', toner: 'unknown' };
  }
  const status = answer.value;
  const problem = printerProblem(status);
  // Paper that is refilled would not make it fit.
  const code = unfit ?? problem?.code;
  return {
    id,
    state: code !== undefined ? 'attention' : status.state === 'processing' ? 'busy' : 'ready',
    ...(code !== undefined && { code }),
    paper: paperState(status, problem?.code, paper),
    toner: tonerState(status, problem?.code),
  };
}

function paperState({ reasons }: PrinterStatus, code: string | undefined, paper: PaperCount | undefined): SupplyState {
  if (code === 'E-PRN-0201') return 'empty';
  if (reasons.some((reason) => LOW_PAPER.has(reason))) return 'low';
  return paper && paper.filled - paper.used <= paper.lowAt ? 'low' : 'ok';
}

function tonerState({ reasons, markers }: PrinterStatus, code: string | undefined): SupplyState {
  if (code === 'E-PRN-0203') return 'empty';
  if (reasons.some((reason) => LOW_TONER.has(reason))) return 'low';
  const known = markers.filter(({ level }) => level >= 0);
  if (known.length === 0) return 'unknown';
  return known.some(({ level }) => level <= LOW_MARKER) ? 'low' : 'ok';
}

/** What somebody who refills should hear of; undefined: nothing. */
export function supplyAlert(view: PrinterView): 'paper-low' | 'paper-empty' | 'toner-low' | 'toner-empty' | undefined {
  if (view.paper === 'empty') return 'paper-empty';
  if (view.toner === 'empty') return 'toner-empty';
  if (view.paper === 'low') return 'paper-low';
  return view.toner === 'low' ? 'toner-low' : undefined;
}
