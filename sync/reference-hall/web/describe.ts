import type { RequestView } from './hall.ts';
import { t } from './i18n.ts';

interface Line {
  readonly label: string;
  readonly value: string;
}
interface Person {
  readonly name: string;
  readonly document: { readonly type: string; readonly number: string };
}
interface Visit {
  readonly people: readonly Person[];
  readonly companions: number;
  readonly gates: readonly string[];
  readonly areas: readonly string[];
  readonly host: { readonly name: string; readonly department?: string };
  readonly purpose?: string;
}
interface Paper {
  readonly student: { readonly number: string; readonly name: string };
  readonly template: string;
  readonly content: { readonly type: string; readonly fields?: Readonly<Record<string, unknown>> };
  readonly copiesAllowed: number;
}

/** Shows the first three and last four characters only. */
export const masked = (number: string): string =>
  number.length < 8 ? '****' : `${number.slice(0, 3)}${'*'.repeat(number.length - 7)}${number.slice(-4)}`;

/** What a card says of a request. */
export function describe(request: RequestView): { readonly title: string; readonly lines: readonly Line[] } {
  const texts = t.value;
  if (request.kind === 'visitor-access') {
    const visit = request.data as unknown as Visit;
    const names = visit.people.map(({ name }) => name).join('、');
    const more = visit.companions > 0 ? ` · ${texts.companions(visit.companions)}` : '';
    return {
      title: names + more,
      lines: [
        { label: texts.number, value: visit.people.map(({ document }) => masked(document.number)).join('\n') },
        { label: texts.gates, value: [...visit.gates, ...visit.areas].join(', ') },
        { label: texts.host, value: [visit.host.name, visit.host.department].filter(Boolean).join(' · ') },
        ...(visit.purpose === undefined ? [] : [{ label: texts.purpose, value: visit.purpose }]),
      ],
    };
  }
  if (request.kind === 'certificate') {
    const paper = request.data as unknown as Paper;
    const fields = Object.values(paper.content.fields ?? {})
      .map(String)
      .join(' · ');
    return {
      title: paper.student.name,
      lines: [
        { label: texts.studentNumber, value: paper.student.number },
        { label: texts.template, value: paper.template },
        { label: texts.copies, value: String(paper.copiesAllowed) },
        ...(fields ? [{ label: texts.content, value: fields }] : [{ label: texts.content, value: texts.readyPdf }]),
      ],
    };
  }
  const { device, description } = request.data as { device?: string; description?: string };
  return {
    title: device ?? request.id,
    lines: description === undefined ? [] : [{ label: texts.purpose, value: description }],
  };
}
