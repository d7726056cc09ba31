import type { House, Random, VirtualClock } from '@listenpost/core';
import type { ProductId } from '@listenpost/protocol';
import type { Logger } from 'pino';
import { type Intermediary, inRow } from './edge/intermediary.ts';
import { machineTime } from './edge/machine-time.ts';
import { FaultBoard } from './faults/fault-board.ts';
import { Replays } from './recording/replay.ts';
import type { SignatureExplanation } from './request-journal/explain-signature.ts';
import { Recorder } from './request-journal/recorder.ts';
import { Redaction } from './request-journal/redaction.ts';
import { RequestJournal } from './request-journal/request-journal.ts';
import { SignatureMistakes } from './request-journal/signature-mistakes.ts';

export interface EmulationDoors {
  readonly house: () => House;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly log: Logger;
  /** What a fault may hold back on one connection. */
  readonly heldBytesMax: number;
}

/**
 * What the emulator has at the doors and the service has not: faults, and the journal of what passed. The journal stands at
 * the wire, the faults behind it, so that it holds what the client saw.
 */
export class Emulation {
  readonly faults: FaultBoard;
  readonly journal: RequestJournal;
  readonly replays: Replays;
  readonly mistakes = new SignatureMistakes();
  readonly redaction = new Redaction();
  readonly between: Intermediary;
  readonly #clock: VirtualClock;
  readonly #log: Logger;

  constructor({ house, clock, random, log, heldBytesMax }: EmulationDoors) {
    this.#clock = clock;
    this.#log = log;
    this.journal = new RequestJournal(clock);
    const recorder = new Recorder({
      house,
      journal: this.journal,
      mistakes: this.mistakes,
      mistaken: (account, where, explanation) => this.#mistaken(account, where, explanation),
    });
    this.faults = new FaultBoard({ house, clock, random, heldBytesMax, tell: (deed) => recorder.tell(deed) });
    this.replays = new Replays({ house, clock });
    this.between = inRow(recorder, inRow(this.faults, this.replays));
  }

  /**
   * A timestamp passes when it fits the virtual clock or the machine's: an unmodified client signs with the latter. The fault
   * `clock-skew` has the strict rule instead.
   */
  signingClocks(account: string, product: ProductId): readonly number[] {
    const offMs = this.faults.clockOffMs(account, product);
    return offMs === undefined ? [this.#clock.now(), machineTime.now()] : [this.#clock.now() + offMs];
  }

  #mistaken(account: string, where: string, { slips, expected }: SignatureExplanation): void {
    const says = slips.map((each) => each.says).join('; ');
    const text = this.redaction.of(expected);
    this.#log.warn(
      `-1022 on ${this.redaction.of(where)} of account ${account}: ${says}. To sign: "${text}". See: listenpost explain-signature`,
    );
  }
}
