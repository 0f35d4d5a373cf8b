import type { Failure } from '@hallhub/sync/base';
import type { RenderInput } from '../templates/index.ts';
import type { FontFiles } from './font-files.ts';

/** What the hub hands the PDF process at its start, as one JSON argument. */
export interface WorkerSetup {
  readonly fonts: FontFiles;
  /** Folders; the later one counts. */
  readonly templates: readonly string[];
}

export type WorkerRequest =
  | { readonly id: number; readonly type: 'render'; readonly input: RenderInput; readonly at: number }
  | { readonly id: number; readonly type: 'inspect'; readonly pdf: Uint8Array }
  | { readonly id: number; readonly type: 'overprint'; readonly pdf: Uint8Array; readonly run: number };

export type WorkerAnswer =
  | {
      readonly id: number;
      readonly ok: true;
      readonly pages: number;
      readonly pdf?: Uint8Array;
      readonly rssBytes: number;
    }
  | { readonly id: number; readonly ok: false; readonly error: Failure; readonly rssBytes: number };
