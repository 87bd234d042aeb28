// Keeps the laptop's routes in step with what is known of the cluster's addresses.

import { parseRange, type Range } from '@kubectl-tp/control-plane/addresses';
import type { AddressTranslation } from '../address-translation.ts';
import type { ClusterAddresses } from '../cluster-addresses.ts';
import { isRoute } from '../helper/parse-request.ts';
import type { HelperCaller } from './helper-caller.ts';
import { type KeptAddress, planRoutes, type RoutePlan } from './plan-routes.ts';
import type { LaptopNetwork } from './read-laptop-network.ts';

export type RouteKeeperOptions = {
  readonly addresses: ClusterAddresses;
  /** Is told by which addresses the laptop reaches those that it has another way to. */
  readonly translation: Pick<AddressTranslation, 'setRules'>;
  /** Of the interface itself. */
  readonly own: readonly Range[];
  readonly also: readonly Range[];
  readonly never: readonly Range[];
  /** Beside what the laptop's network tells by itself. */
  readonly kept: readonly KeptAddress[];
  readonly hasIpv6: boolean;
  /** Asked each time: laptops change networks. */
  readonly readLaptopNetwork: () => LaptopNetwork;
  readonly helper: Pick<HelperCaller, 'call'>;
};

export type RouteKeeper = {
  /** Resolves when programs reach what is known now. Several at once are one. Throws what the helper says. */
  update(): Promise<void>;
  /** As it is now. */
  readonly plan: RoutePlan;
};

export function createRouteKeeper(options: RouteKeeperOptions): RouteKeeper {
  const { addresses, translation, own, also, never, hasIpv6, readLaptopNetwork, helper } = options;
  let plan: RoutePlan = { routes: [], pairs: [], except: [], leftOut: [] };
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  async function updateNow(): Promise<void> {
    const { routes: laptop, kept } = readLaptopNetwork();
    const isOurs = ({ version }: Range) => version === 4 || hasIpv6;
    const cluster = [...addresses.ranges, ...addresses.singles]
      .filter(isRoute)
      .map(parseRange)
      .filter((range) => range !== undefined);
    const wishes = { cluster: cluster.filter(isOurs), also: also.filter(isOurs), never, laptop, own };
    const wanted = planRoutes({ ...wishes, kept: [...options.kept, ...kept], previous: plan.pairs });
    const hasChanged = wanted.routes.join() !== plan.routes.join();
    const { refused } = hasChanged ? await helper.call('routes', { cidrs: wanted.routes }) : { refused: [] };
    const failed = new Set(refused.map(({ cidr }) => cidr));
    translation.setRules(wanted);
    plan = {
      ...wanted,
      routes: wanted.routes.filter((cidr) => !failed.has(cidr)),
      leftOut: [...wanted.leftOut, ...refused.map(({ cidr, why }) => `${cidr} stays out of reach: ${why}.`)],
    };
  }

  /** What is learned while one runs is for the next one. */
  function update(): Promise<void> {
    if (running === undefined) {
      running = updateNow().finally(() => {
        running = undefined;
      });
      return running;
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return update();
      });
    return next;
  }

  return {
    update,
    get plan() {
      return plan;
    },
  };
}
