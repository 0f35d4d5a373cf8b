import type { SimulatedCard } from './simulator-types.ts';

const TEXT_CHARACTERS = 128;

/** The text block of a simulated card: 256 bytes, UTF-16LE, padded with spaces. */
export function simulatedText(card: SimulatedCard): Buffer {
  const text = columns(card);
  if (text.length !== TEXT_CHARACTERS)
    throw new RangeError(`a card's text has ${TEXT_CHARACTERS} characters, not ${text.length}`);
  return Buffer.from(text, 'utf16le');
}

/** A picture of nothing: WLT cannot be made without its owner's library. */
export function simulatedPhoto(): Buffer {
  return Buffer.alloc(1024, 0x5a);
}

/** The block, written as its columns from left to right. */
function columns(card: SimulatedCard): string {
  const from = pad(card.validFrom ?? '20200101', 8);
  const to = pad(card.validTo ?? '长期', 8);
  switch (card.layout) {
    case 'resident':
      return [
        pad(card.name, 15),
        pad(card.sex ?? sexOf(card.number), 1),
        pad(card.nation ?? '01', 2),
        pad(card.birth ?? card.number.slice(6, 14), 8),
        pad(card.address ?? '', 35),
        pad(card.number, 18),
        pad(card.authority ?? '', 15),
        from,
        to,
        pad('', 18),
      ].join('');
    case 'hk-mo-tw':
      return [
        pad(card.name, 15),
        pad(card.sex ?? sexOf(card.number), 1),
        pad('', 2),
        pad(card.birth ?? card.number.slice(6, 14), 8),
        pad(card.address ?? '', 35),
        pad(card.number, 18),
        pad(card.authority ?? '', 15),
        from,
        to,
        pad(card.passNumber, 9),
        pad(card.issueCount ?? '01', 2),
        pad('', 3),
        pad('J', 1),
        pad('', 3),
      ].join('');
    case 'foreign-2017':
      return [
        pad(card.englishName, 60),
        pad(card.sex ?? '1', 1),
        pad(card.number, 15),
        pad(card.country, 3),
        pad(card.name ?? '', 15),
        from,
        to,
        pad(card.birth ?? '19900101', 8),
        pad('01', 2),
        pad('1500', 4),
        pad('I', 1),
        pad('', 3),
      ].join('');
    case 'foreign-2023':
      return [
        pad(card.name ?? '', 15),
        pad(card.sex ?? '1', 1),
        pad('01', 2),
        pad(card.birth ?? card.number.slice(6, 14), 8),
        pad(card.englishName.slice(0, 35), 35),
        pad(card.number, 18),
        pad('', 15),
        from,
        to,
        pad(card.englishName.slice(35), 11),
        pad(card.country, 3),
        pad('Y', 1),
        pad('', 3),
      ].join('');
  }
}

/** The 17th digit of a citizen number is odd for men, even for women. */
function sexOf(number: string): string {
  return Number(number[16]) % 2 === 1 ? '1' : '2';
}

function pad(text: string, width: number): string {
  return text.slice(0, width).padEnd(width, ' ');
}
