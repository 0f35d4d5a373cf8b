import type { Component } from 'vue';
import type { Role } from '../../staff/rules.ts';
import type { Text } from '../kit/i18n.ts';

/** The headings of the menu, in its order. */
export const MENU = {
  gates: { zh: '门岗', en: 'Gates' },
  halls: { zh: '叫号', en: 'Queue' },
  papers: { zh: '证明', en: 'Certificates' },
  dorms: { zh: '宿舍', en: 'Dormitories' },
  devices: { zh: '设备', en: 'Devices' },
  system: { zh: '系统', en: 'System' },
} as const satisfies Readonly<Record<string, Text>>;
export type MenuGroup = keyof typeof MENU;

/** One page. A domain that brings a page adds one entry to `pages.ts`; shell, menu and access follow from it. */
export interface Page {
  readonly path: string;
  readonly title: Text;
  /** Who sees it in the menu and may open it; absent: a page of its own, without shell and without log-in. */
  readonly roles?: readonly Role[];
  /** Under which heading of the menu it stands; absent: by itself, after them. */
  readonly group?: MenuGroup;
  /** A role in one area is enough; the page shows that area only. */
  readonly anyArea?: boolean;
  /** Shown without log-in only when the hub runs as a demo. */
  readonly demo?: boolean;
  readonly component: () => Promise<{ default: Component }>;
}

export const definePage = (page: Page): Page => page;
