/** One row of a list, by the names of its columns. */
export type Row = Readonly<Record<string, string>>;
/** What a request gives a template: texts, and lists of rows. */
export type Fields = Readonly<Record<string, string | readonly Row[]>>;

/** Who issues, in both languages; stands in the heading, at the signature and round the seal. */
export interface Issuer {
  readonly name: { readonly zh: string; readonly en: string };
  readonly office: { readonly zh: string; readonly en: string };
  /** The straight line in the seal, for example 学籍证明专用章. */
  readonly sealPurpose: string;
}

/** Room for a signature over the file. */
export interface SignatureWish {
  /** Of the signature in DER, at most. */
  readonly bytes: number;
  /** Who signs, and why, as a reader shows them. */
  readonly name: string;
  readonly reason: string;
}

/** Everything that stands on the paper. */
export interface RenderInput {
  readonly template: string;
  /** The newest version when left out. */
  readonly version?: number;
  readonly fields: Fields;
  readonly studentName: string;
  readonly studentNumber: string;
  readonly issuer: Issuer;
  readonly certificateNumber: string;
  readonly verificationCode: string;
  readonly verifyUrl: string;
  /** YYYY-MM-DD in the campus time zone. */
  readonly issuedOn: string;
  readonly validUntil: string;
  /** Absent: the file is not going to be signed. */
  readonly signature?: SignatureWish;
}
