/** The fabric's status in `.lab/run/status.json`, replaced as a whole at every change. */

/** The lab's data path at one moment. Addresses are text, ids are Azure's. */
export interface LabStatus {
  /** When this was written, ISO 8601. */
  updated: string;
  /** `ready`: packets see the whole store, machines have booted, every probe has had its first answer. */
  phase: "starting" | "converging" | "ready" | "failed";
  /** Number of the store's transaction that packets see. */
  appliedSeq: number;
  /** Things that the store asks for and the fabric cannot carry, by name. */
  problems: string[];
  /** The box's first process, as this machine numbers it. */
  boxPid: number;
  places: PlaceStatus[];
  publicAddresses: PublicAddressStatus[];
  chains: ChainStatus[];
  gateways: GatewayStatus[];
  backends: BackendStatus[];
  scaleSets: ScaleSetStatus[];
}

/** A scale set and how far its instances are. */
export interface ScaleSetStatus {
  id: string;
  name: string;
  capacity: number;
  /** `Manual`, `Automatic` or `Rolling`. */
  upgradeMode: string;
  instances: {
    vm: string;
    /** On the latest model. */
    latestModel: boolean;
    /** `Healthy`, `Unhealthy`, `Unknown`, `Initializing`; absent without a health extension. */
    health?: string;
    /** The answer that the health extension got when that began. */
    reason?: string;
    /** On its way out, and whether another one follows it. */
    leaving?: "replaced" | "removed";
  }[];
  /** The last rolling upgrade; absent before the first. */
  upgrade?: {
    /** `RollingForward`, `Completed`, `Faulted` or `Cancelled`. */
    status: string;
    upgraded: number;
    failed: number;
    pending: number;
    /** Why it ended early. */
    error?: string;
    /** The thing that the upgrade waits for now; absent when it has ended. */
    waiting?: {
      /** `restart`, which a notice may precede, and `health` of the batch that is under way, or the `pause` after one. */
      what: "restart" | "health" | "pause";
      /** VMs of the batch that are not there yet. */
      vms: string[];
      /** When the pause ends, or when an instance of the batch counts as failed; ISO 8601. */
      until: string;
    };
  };
  /** Automatic repairs have given up: writing the scale set begins them anew. */
  repairsSuspended?: true;
}

/** Where commands can be run. */
export interface PlaceStatus {
  name: string;
  kind: "internet" | "vm";
  /** Azure's id; VMs only. */
  id?: string;
  addresses: string[];
  power: "running" | "starting" | "stopped" | "deallocated";
  /** Faults that `lab break` has brought and nothing has mended. */
  faults?: string[];
  /** Network namespace, named inside the box. */
  netns: string;
  /** The machine's init, as the box numbers it; only while it runs. */
  pid?: number;
  bootedAt?: string;
}

export interface PublicAddressStatus {
  address: string;
  id: string;
  via: "ilpip" | "frontend" | "natGateway";
  /** Id of what holds the address. */
  owner: string;
  /** Names of the VMs behind it. */
  vms: string[];
  /** Id of the gateway frontend that its traffic crosses. */
  chainedTo?: string;
}

export interface ChainStatus {
  consumer: string;
  gatewayFrontend: string;
  publicAddress: string;
}

export interface GatewayStatus {
  id: string;
  frontendAddress: string;
  nvas: NvaStatus[];
}

export interface NvaStatus {
  vm: string;
  address: string;
  healthy: boolean;
  /** Since when it is so, ISO 8601. */
  since: string;
  /** The answer that the probe got. */
  reason: string;
  /** From the machine's start to its first healthy answer. */
  firstHealthyAfterSeconds?: number;
}

export interface BackendStatus {
  loadBalancer: string;
  pool: string;
  members: { vm: string; address: string; healthy: boolean; reason: string }[];
}
