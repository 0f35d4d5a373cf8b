/** What an account may do at a broker outside, as MQTT filters; each broker has its own way to say it. */
export interface TopicRights {
  readonly publish: readonly string[];
  /** Taken out of `publish` again. */
  readonly neverPublish: readonly string[];
  readonly subscribe: readonly string[];
  /** Only the very filters of `subscribe`, not narrower ones. */
  readonly exactly: boolean;
  /** The client id must be the account's name, where the broker can hold it to that. */
  readonly ownClientId: boolean;
}

/** A device that speaks the hub's own contract; the same as `mayUseTopic` says for the embedded broker. */
export const deviceRights = (campus: string, id: string): TopicRights => ({
  publish: [`c/${campus}/d/${id}/up/#`],
  neverPublish: [],
  subscribe: [`c/${campus}/d/${id}/down/#`],
  exactly: true,
  ownClientId: true,
});
