import type { VerificationAnswer } from '../answers.ts';

export type Language = 'zh' | 'en';

interface Text {
  readonly zh: string;
  readonly en: string;
}

export const texts = {
  title: { zh: '证明核验', en: 'Check a certificate' },
  lead: {
    zh: '用纸上的验证码，或证明的 PDF 文件，核对它是否由本校出具、是否有效。',
    en: 'Use the code on the paper, or the PDF file itself, to see whether this institution issued it and whether it holds good.',
  },
  code: { zh: '验证码', en: 'Verification code' },
  codeHint: {
    zh: '印在证明二维码旁，16 位字母和数字，不分大小写。',
    en: 'Beside the QR code: 16 letters and digits, upper or lower case.',
  },
  check: { zh: '核验', en: 'Check' },
  file: { zh: 'PDF 文件', en: 'PDF file' },
  fileHint: {
    zh: '文件先在您的设备上计算校验值，只发送校验值。最大 20 MB。',
    en: 'Your device works out a checksum and sends only that. 20 MB at most.',
  },
  drop: { zh: '把文件拖到这里，或点按选择', en: 'Drop the file here, or choose it' },
  other: { zh: 'English', en: '中文' },
  number: { zh: '证明编号', en: 'Number' },
  holder: { zh: '姓名（已遮盖）', en: 'Name (masked)' },
  issuer: { zh: '出具单位', en: 'Issued by' },
  issuedOn: { zh: '出具日期', en: 'Issued on' },
  validUntil: { zh: '有效期至', en: 'Valid until' },
  paper: { zh: '证明', en: 'Certificate' },
  compare: {
    zh: '请与手中的证明逐项核对。',
    en: 'Please compare each line with the paper in your hand.',
  },
  working: { zh: '正在核验…', en: 'Checking…' },
  offline: { zh: '没有连上核验服务，请稍后再试。', en: 'The service does not answer; please try again later.' },
  send: { zh: '发送文件，进一步检查', en: 'Send the file for a closer check' },
  sendWhy: {
    zh: '登记中没有与它完全相同的文件。发送文件可查明它是否被改动；检查后立即丢弃，不保存。',
    en: 'No file exactly like this one is registered. Sent in, it can be checked for changes; it is discarded at once and not kept.',
  },
  notKept: { zh: '文件不会被保存。', en: 'The file is not kept.' },
  signer: { zh: '签名人', en: 'Signed by' },
  stampedAt: { zh: '时间戳', en: 'Time stamp' },
} as const satisfies Readonly<Record<string, Text>>;

export const states: Readonly<Record<VerificationAnswer['state'], { readonly title: Text; readonly text: Text }>> = {
  valid: {
    title: { zh: '有效', en: 'Valid' },
    text: { zh: '由本校出具，目前有效。', en: 'Issued by this institution, and valid now.' },
  },
  expired: {
    title: { zh: '已过有效期', en: 'Expired' },
    text: { zh: '由本校出具，但已过有效期。', en: 'Issued by this institution, and no longer valid.' },
  },
  revoked: {
    title: { zh: '已撤销', en: 'Revoked' },
    text: {
      zh: '由本校出具，后被撤销，不再有效。',
      en: 'Issued by this institution and withdrawn since: it is not valid.',
    },
  },
  replaced: {
    title: { zh: '已被新证明取代', en: 'Replaced' },
    text: {
      zh: '由本校出具，之后重新出具了新的证明，请索取新证明。',
      en: 'Issued by this institution; a newer one has been made since. Please ask for that one.',
    },
  },
  altered: {
    title: { zh: '已被改动', en: 'Altered' },
    text: {
      zh: '文件与签名时不一致，内容不可信。',
      en: 'The file is not as it was when it was signed. Do not rely on its content.',
    },
  },
  unknown: {
    title: { zh: '没有找到', en: 'Not found' },
    text: {
      zh: '这里没有登记这份证明。请检查输入，或向出具单位查询。',
      en: 'No such certificate is registered here. Please check what was entered, or ask the issuer.',
    },
  },
};

export const verdicts = {
  sound: {
    zh: '文件带有可信的电子签名，且签名后未被改动；但不在本登记中，请向签名人查询是否仍然有效。',
    en: 'The file bears a trusted signature and has not been changed since, but is not registered here. Ask the signer whether it still holds good.',
  },
  partial: {
    zh: '文件带有可信的电子签名，但签名之后又追加了内容。',
    en: 'The file bears a trusted signature, and something was appended after it.',
  },
  untrusted: {
    zh: '文件带有电子签名，但签名人不受本校信任。',
    en: 'The file bears a signature of somebody whom this institution does not vouch for.',
  },
  expired: {
    zh: '文件带有电子签名，但签名证书已过期，且没有可信的时间戳。',
    en: 'The file bears a signature whose certificate has expired, and no trusted time stamp says that it was made before.',
  },
  unsupported: {
    zh: '文件的签名算法（如国密 SM2）在这里无法核验。',
    en: 'The file bears a signature of a kind (SM2, for example) that cannot be checked here.',
  },
} as const satisfies Readonly<Record<string, Text>>;

/** What the script shows by itself, handed to it in the page. */
export const scriptTexts = (language: Language): Readonly<Record<string, string>> =>
  Object.fromEntries((['working', 'offline', 'send', 'sendWhy'] as const).map((name) => [name, texts[name][language]]));
