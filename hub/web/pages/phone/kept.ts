/** The ticket that this phone took last, so that whoever closed the page finds it again. */
const KEPT = 'hallhub.ticket';

export const keptTicket = (): string | undefined => localStorage.getItem(KEPT) ?? undefined;
export const keepTicket = (key: string): void => {
  localStorage.setItem(KEPT, key);
};
export const forgetTicket = (key: string): void => {
  if (keptTicket() === key) localStorage.removeItem(KEPT);
};
