import { Connector, Media } from '@chili-publish/studio-connectors';

// An archive of pictures that answers JSON.
export default class Archive implements Media.MediaConnector {
  private runtime: Connector.ConnectorRuntimeContext;

  constructor(runtime: Connector.ConnectorRuntimeContext) {
    this.runtime = runtime;
  }

  private async get(path: string): Promise<Connector.ChiliResponse> {
    const res = await this.runtime.fetch(`${this.runtime.options['base']}${path}`, { method: 'GET', headers: { 'X-Asked-By': 'archive' } });
    if (!res.ok) {
      throw new ConnectorHttpError(res.status, `the archive answers ${res.status}`);
    }
    return res;
  }

  async query(options: Connector.QueryOptions, _context: Connector.Dictionary): Promise<Media.MediaPage> {
    const res = await this.get(`/pictures?q=${encodeURIComponent((options.filter ?? []).join(' '))}&size=${options.pageSize}`);
    const found = JSON.parse(res.text);
    return {
      pageSize: options.pageSize ?? 0,
      data: found.map((p: { id: string; name: string }) => ({ id: p.id, name: p.name, relativePath: '/', type: 0, metaData: {}, extension: 'png' })),
      links: { nextPage: '' },
    };
  }

  async detail(id: string, _context: Connector.Dictionary): Promise<Media.MediaDetail> {
    const p = JSON.parse((await this.get(`/pictures/${id}`)).text);
    return { id: p.id, name: p.name, relativePath: '/', type: 0, metaData: {}, extension: 'png', width: p.width, height: p.height };
  }

  async download(id: string, _type: Media.DownloadType, _intent: Media.DownloadIntent, _context: Connector.Dictionary): Promise<Connector.ArrayBufferPointer> {
    return (await this.get(`/pictures/${id}/file`)).arrayBuffer;
  }

  getConfigurationOptions(): Connector.ConnectorConfigValue[] | null {
    return [];
  }

  getCapabilities(): Media.MediaConnectorCapabilities {
    return { query: true, detail: true, filtering: true, metadata: false };
  }
}
