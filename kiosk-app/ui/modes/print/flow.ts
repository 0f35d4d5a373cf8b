import type { CertificateView } from '@hallhub/hub/api/types';

/*
 * The way through printing, after somebody is known: choose → look → how many → the job. Pure; what the machine asks of the
 * server is done by the screen.
 */

export type PrintPage =
  | { readonly at: 'list'; readonly page: number }
  | { readonly at: 'preview'; readonly certificateId: string }
  | { readonly at: 'copies'; readonly certificateId: string; readonly copies: number }
  | { readonly at: 'job' };

export type PrintEvent =
  | { readonly type: 'turn'; readonly page: number }
  | { readonly type: 'choose'; readonly certificateId: string }
  | { readonly type: 'confirm' }
  | { readonly type: 'copies'; readonly copies: number }
  | { readonly type: 'back' }
  | { readonly type: 'ordered' }
  /** Another one, after a job. */
  | { readonly type: 'again' };

export const START: PrintPage = { at: 'list', page: 0 };

export const copiesLeft = ({ copiesAllowed, copiesUsed }: CertificateView): number =>
  Math.max(0, copiesAllowed - copiesUsed);

export const canPrint = (certificate: CertificateView): boolean =>
  certificate.state === 'issued' && certificate.untimely === undefined && copiesLeft(certificate) > 0;

/** The step of the mode's line that a page belongs to; identification is step 0. `over`: the job has ended. */
export function stepOf(page: PrintPage, over: boolean): number {
  switch (page.at) {
    case 'list':
      return 1;
    case 'preview':
    case 'copies':
      return 2;
    case 'job':
      return over ? 4 : 3;
  }
}

/** How many copies may be ordered now; `most`: what the printer makes at once. */
export const copiesAtMost = (certificate: CertificateView, most = Infinity): number =>
  Math.min(copiesLeft(certificate), most);

/** One step. `certificates`: what the server has told of this person; `most`: how many copies the printer makes at once. */
export function turn(
  page: PrintPage,
  event: PrintEvent,
  certificates: readonly CertificateView[],
  most?: number,
): PrintPage {
  const known = (id: string): CertificateView | undefined =>
    certificates.find((one) => one.certificateId === id && canPrint(one));
  switch (event.type) {
    case 'turn':
      return page.at === 'list' ? { at: 'list', page: event.page } : page;
    case 'choose':
      return page.at === 'list' && known(event.certificateId)
        ? { at: 'preview', certificateId: event.certificateId }
        : page;
    case 'confirm':
      return page.at === 'preview' && known(page.certificateId)
        ? { at: 'copies', certificateId: page.certificateId, copies: 1 }
        : page;
    case 'copies': {
      if (page.at !== 'copies') return page;
      const certificate = known(page.certificateId);
      if (!certificate) return START;
      return { ...page, copies: Math.max(1, Math.min(event.copies, copiesAtMost(certificate, most))) };
    }
    case 'back':
      if (page.at === 'copies') return { at: 'preview', certificateId: page.certificateId };
      return page.at === 'preview' ? START : page;
    case 'ordered':
      return page.at === 'copies' ? { at: 'job' } : page;
    case 'again':
      return page.at === 'job' ? START : page;
  }
}
