/** Where azure-native's names of types do not tell Azure's: namespaces, collections, paths. */

/** Facts of a module that cannot be made back from names. */
export interface Named {
  /** Default: Microsoft's namespace of the module's name. */
  namespace?: string;
  /** The types are of no region: their location is `global`. */
  global?: true;
  /** By class: the collection, or the whole path below the namespace. */
  classes?: Readonly<Record<string, string>>;
}

const service = (kind: string, collection: string, own: string) =>
  `storageAccounts/{accountName}/${kind}/default/${collection}/{${own}}`;
const serviceOf = (kind: string) => `storageAccounts/{accountName}/${kind}/{${kind}Name}`;

const onServer = (collection: string, own: string) =>
  `flexibleServers/{serverName}/${collection}/{${own}}`;
const databaseServers = {
  Administrator: onServer("administrators", "objectId"),
  Configuration: onServer("configurations", "configurationName"),
  Database: onServer("databases", "databaseName"),
  FirewallRule: onServer("firewallRules", "firewallRuleName"),
  Server: "flexibleServers",
  SingleServer: "servers",
};

/** Spelling is Microsoft's; ids compare in any case. */
export const NAMED: Readonly<Record<string, Named>> = {
  aad: { namespace: "Microsoft.AAD" },
  apimanagement: {
    namespace: "Microsoft.ApiManagement",
    classes: { ApiManagementService: "service" },
  },
  app: {
    namespace: "Microsoft.App",
    classes: {
      Certificate: "managedEnvironments/{environmentName}/certificates/{certificateName}",
      ContainerAppsAuthConfig: "authConfigs",
      ContainerAppsSessionPool: "sessionPools",
      ContainerAppsSourceControl: "sourcecontrols",
      ManagedEnvironmentsStorage: "storages",
    },
  },
  appconfiguration: { namespace: "Microsoft.AppConfiguration" },
  applicationinsights: { namespace: "Microsoft.Insights" },
  automation: { namespace: "Microsoft.Automation" },
  batch: { namespace: "Microsoft.Batch" },
  botservice: { namespace: "Microsoft.BotService", classes: { Bot: "botServices" } },
  cognitiveservices: { namespace: "Microsoft.CognitiveServices" },
  compute: {
    namespace: "Microsoft.Compute",
    classes: {
      DedicatedHost: "hosts",
      DedicatedHostGroup: "hostGroups",
      DiskAccess: "diskAccesses",
    },
  },
  containerinstance: { namespace: "Microsoft.ContainerInstance" },
  containerregistry: { namespace: "Microsoft.ContainerRegistry" },
  containerservice: {
    namespace: "Microsoft.ContainerService",
    classes: {
      AgentPool: "managedClusters/{resourceName}/agentPools/{agentPoolName}",
      MaintenanceConfiguration:
        "managedClusters/{resourceName}/maintenanceConfigurations/{configName}",
      ManagedClusterSnapshot: "managedclustersnapshots",
      TrustedAccessRoleBinding:
        "managedClusters/{resourceName}/trustedAccessRoleBindings/{trustedAccessRoleBindingName}",
    },
  },
  cosmosdb: {
    namespace: "Microsoft.DocumentDB",
    classes: {
      CassandraResourceCassandraKeyspace: "cassandraKeyspaces",
      CassandraResourceCassandraTable:
        "databaseAccounts/{accountName}/cassandraKeyspaces/{keyspaceName}/tables/{tableName}",
      GremlinResourceGremlinDatabase: "gremlinDatabases",
      GremlinResourceGremlinGraph:
        "databaseAccounts/{accountName}/gremlinDatabases/{databaseName}/graphs/{graphName}",
      MongoDBResourceMongoDBCollection:
        "databaseAccounts/{accountName}/mongodbDatabases/{databaseName}/collections/{collectionName}",
      MongoDBResourceMongoDBDatabase: "mongodbDatabases",
      SqlResourceSqlContainer:
        "databaseAccounts/{accountName}/sqlDatabases/{databaseName}/containers/{containerName}",
      SqlResourceSqlDatabase: "sqlDatabases",
      SqlResourceSqlRoleAssignment: "sqlRoleAssignments",
      SqlResourceSqlRoleDefinition: "sqlRoleDefinitions",
      TableResourceTable: "tables",
    },
  },
  dashboard: { namespace: "Microsoft.Dashboard", classes: { Grafana: "grafana" } },
  databricks: { namespace: "Microsoft.Databricks" },
  datafactory: {
    namespace: "Microsoft.DataFactory",
    classes: { CredentialOperation: "credentials" },
  },
  dataprotection: { namespace: "Microsoft.DataProtection" },
  dbformysql: { namespace: "Microsoft.DBforMySQL", classes: databaseServers },
  dbforpostgresql: { namespace: "Microsoft.DBforPostgreSQL", classes: databaseServers },
  desktopvirtualization: { namespace: "Microsoft.DesktopVirtualization" },
  dns: {
    namespace: "Microsoft.Network",
    global: true,
    classes: {
      DnssecConfig: "dnsZones/{zoneName}/dnssecConfigs/default",
      RecordSet: "dnsZones/{zoneName}/{recordType}/{relativeRecordSetName}",
      Zone: "dnsZones",
    },
  },
  dnsresolver: {
    namespace: "Microsoft.Network",
    classes: { ForwardingRuleset: "dnsForwardingRulesets" },
  },
  eventgrid: { namespace: "Microsoft.EventGrid" },
  eventhub: {
    namespace: "Microsoft.EventHub",
    classes: {
      ConsumerGroup: "consumergroups",
      EventHub: "eventhubs",
      NamespaceNetworkRuleSet: "namespaces/{namespaceName}/networkRuleSets/default",
      SchemaRegistry: "schemagroups",
    },
  },
  hybridcompute: { namespace: "Microsoft.HybridCompute" },
  iothub: { namespace: "Microsoft.Devices", classes: { IotHubResource: "IotHubs" } },
  keyvault: {
    namespace: "Microsoft.KeyVault",
    classes: { ManagedHsm: "managedHSMs" },
  },
  kusto: { namespace: "Microsoft.Kusto", classes: { ReadWriteDatabase: "databases" } },
  logic: { namespace: "Microsoft.Logic" },
  loadtestservice: { namespace: "Microsoft.LoadTestService" },
  machinelearningservices: { namespace: "Microsoft.MachineLearningServices" },
  maintenance: { namespace: "Microsoft.Maintenance" },
  managedidentity: {
    namespace: "Microsoft.ManagedIdentity",
    classes: {
      FederatedIdentityCredential:
        "userAssignedIdentities/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
    },
  },
  monitor: {
    namespace: "Microsoft.Insights",
    classes: { AzureMonitorWorkspace: "Microsoft.Monitor/accounts/{azureMonitorWorkspaceName}" },
  },
  netapp: {
    namespace: "Microsoft.NetApp",
    classes: {
      Account: "netAppAccounts",
      CapacityPool: "capacityPools",
      CapacityPoolVolume:
        "netAppAccounts/{accountName}/capacityPools/{poolName}/volumes/{volumeName}",
    },
  },
  network: { namespace: "Microsoft.Network" },
  operationalinsights: { namespace: "Microsoft.OperationalInsights" },
  operationsmanagement: { namespace: "Microsoft.OperationsManagement" },
  portal: { namespace: "Microsoft.Portal" },
  privatedns: {
    namespace: "Microsoft.Network",
    global: true,
    classes: {
      PrivateRecordSet: "privateDnsZones/{privateZoneName}/{recordType}/{relativeRecordSetName}",
      PrivateZone: "privateDnsZones",
      VirtualNetworkLink: "virtualNetworkLinks",
    },
  },
  recoveryservices: {
    namespace: "Microsoft.RecoveryServices",
    classes: { ProtectionPolicy: "vaults/{vaultName}/backupPolicies/{policyName}" },
  },
  redis: { namespace: "Microsoft.Cache", classes: { Redis: "redis" } },
  redisenterprise: {
    namespace: "Microsoft.Cache",
    classes: { RedisEnterprise: "redisEnterprise" },
  },
  relay: { namespace: "Microsoft.Relay", classes: { WCFRelay: "wcfRelays" } },
  search: { namespace: "Microsoft.Search", classes: { Service: "searchServices" } },
  servicebus: {
    namespace: "Microsoft.ServiceBus",
    classes: { NamespaceNetworkRuleSet: "namespaces/{namespaceName}/networkRuleSets/default" },
  },
  signalrservice: { namespace: "Microsoft.SignalRService", classes: { SignalR: "signalR" } },
  sql: {
    namespace: "Microsoft.Sql",
    classes: {
      ServerAzureADAdministrator: "servers/{serverName}/administrators/{administratorName}",
      SqlVulnerabilityAssessmentsSetting: "sqlVulnerabilityAssessments",
      TransparentDataEncryption: "transparentDataEncryption",
    },
  },
  sqlvirtualmachine: { namespace: "Microsoft.SqlVirtualMachine" },
  storage: {
    namespace: "Microsoft.Storage",
    classes: {
      BlobContainer: service("blobServices", "containers", "containerName"),
      BlobInventoryPolicy: "inventoryPolicies",
      BlobServiceProperties: serviceOf("blobServices"),
      FileServiceProperties: serviceOf("fileServices"),
      FileShare: service("fileServices", "shares", "shareName"),
      Queue: service("queueServices", "queues", "queueName"),
      QueueServiceProperties: "queueServices",
      Table: service("tableServices", "tables", "tableName"),
      TableServiceProperties: "tableServices",
    },
  },
  synapse: { namespace: "Microsoft.Synapse" },
  web: {
    namespace: "Microsoft.Web",
    classes: {
      AppServiceEnvironment: "hostingEnvironments",
      AppServicePlan: "serverfarms",
      WebApp: "sites",
      WebAppApplicationSettings: "sites/{name}/config/appsettings",
      WebAppConnectionStrings: "sites/{name}/config/connectionstrings",
      WebAppSlot: "sites/{name}/slots/{slot}",
    },
  },
  webpubsub: { namespace: "Microsoft.SignalRService", classes: { WebPubSub: "webPubSub" } },
};
