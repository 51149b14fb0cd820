/** Where messages about backups are posted to, besides e-mail: the constructs name them, the function posts. */
export const DESTINATION_KINDS = ['slack', 'discord', 'teams', 'webhook'] as const;

export type DestinationKind = (typeof DESTINATION_KINDS)[number];

/** One place that is posted to. */
export interface Destination {
  readonly kind: DestinationKind;
  /** ARN or name of the secret that holds the address: anybody who knows the address can post there. */
  readonly secret: string;
}

/** The field that holds the address, in a secret that is JSON. */
export const ADDRESS_FIELD = 'url';
