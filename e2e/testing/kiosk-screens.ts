import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PANEL = { width: 1080, height: 1920 } as const;

/** The least side of what is touched, and the least room between two of them, in CSS pixels. */
const TARGET = 80;
const GAP = 16;

interface Box {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const BOXES = `[...document.querySelectorAll('button, a[href], input, select')]
  .filter((one) => one.checkVisibility())
  .map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    return { name: one.textContent.trim() || one.getAttribute('aria-label') || one.className, x, y, width, height };
  })`;
const OVERFLOWING = `[...document.querySelectorAll('.kiosk, .screen, .controls, .about, .preview, main, footer, header, button, li')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || (one.scrollHeight > one.clientHeight + 1 && !['INLINE', 'inline'].includes(getComputedStyle(one).display)))
  .map((one) => one.tagName + '.' + one.className + ' ' + one.scrollWidth + '×' + one.scrollHeight + ' in ' + one.clientWidth + '×' + one.clientHeight)`;

/** Targets that are too small or too near to each other, or that stand where not everybody reaches them. */
export function targetFaults(boxes: readonly Box[], from: number, height: number = PANEL.height): readonly string[] {
  const faults: string[] = [];
  for (const [index, box] of boxes.entries()) {
    if (box.width < TARGET || box.height < TARGET)
      faults.push(`${box.name}: ${Math.round(box.width)}×${Math.round(box.height)}`);
    if (box.y < from) faults.push(`${box.name}: begins at ${Math.round(box.y)}, above ${Math.round(from)}`);
    if (box.y + box.height > height + 1) faults.push(`${box.name}: ends below the panel`);
    for (const other of boxes.slice(index + 1)) {
      const across = Math.max(box.x - (other.x + other.width), other.x - (box.x + box.width));
      const down = Math.max(box.y - (other.y + other.height), other.y - (box.y + box.height));
      const apart = Math.max(across, down);
      if (apart < GAP - 0.5) faults.push(`${box.name} / ${other.name}: ${Math.round(apart)} px apart`);
    }
  }
  return faults;
}

/** Of axe-core: all that the standards ask for, and all that colours can break. */
const ALL_RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** What axe-core finds wrong by these tags or rules. */
export async function accessFaults(page: Page, runOnly: readonly string[] = ALL_RULES): Promise<readonly string[]> {
  const faults: string[] = [];
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(AXE);
  const results = await page.evaluate<AxeResults>(`axe.run({ runOnly: ${JSON.stringify(runOnly)} })`);
  if (results.passes.length === 0) throw new Error('axe-core looked at nothing');
  for (const { id, nodes } of results.violations)
    for (const { target, failureSummary } of nodes) faults.push(`${id}: ${target.join(' ')}: ${failureSummary ?? ''}`);
  return faults;
}

/** What cannot be touched well, or is cut off. */
export async function touchFaults(page: Page): Promise<readonly string[]> {
  const faults: string[] = [];
  const low = await page.evaluate<boolean>(`document.documentElement.hasAttribute('data-low')`);
  const asked = (await page.getByRole('alertdialog').count()) > 0;
  const boxes = await page.evaluate<readonly Box[]>(
    asked
      ? BOXES.replace("document.querySelectorAll('", "document.querySelectorAll('[role=alertdialog] ").replace(
          ', a[href], input, select',
          '',
        )
      : BOXES,
  );
  faults.push(...targetFaults(boxes, low ? PANEL.height / 2 : PANEL.height / 3));
  faults.push(...(await page.evaluate<readonly string[]>(OVERFLOWING)).map((one) => `does not fit: ${one}`));
  return faults;
}
