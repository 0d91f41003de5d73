package tablet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Brings an entity list up to date while its form is downloaded.
 *
 * <p>Re-creates E1 (types), E3 (the opaque hash decides), E4 (the csv is not kept), E7 and E8 (integrity of entities
 * made on this tablet).
 */
final class EntityDownload {
    private final Http http;
    private final OpenRosaClient client;
    private final EntityLists lists;
    private final Events events;

    EntityDownload(Http http, OpenRosaClient client, EntityLists lists, Events events) {
        this.http = http;
        this.client = client;
        this.lists = lists;
        this.events = events;
    }

    void fetch(ServerForm.MediaFile media, Path workbench, Map<String, Object> report)
        throws IOException, InterruptedException {
        String list = media.listName();
        report.put("entity_list", list);
        if (media.hash.equals(lists.hash(list))) report.put("action", "unchanged");
        else download(media, workbench, report);
        List<String> offline = lists.offlineIds(list);
        if (media.integrityUrl != null && !offline.isEmpty())
            report.put("deleted_by_integrity", removeDeleted(media, offline));
        lists.save();
    }

    private void download(ServerForm.MediaFile media, Path workbench, Map<String, Object> report)
        throws IOException, InterruptedException {
        Reply reply = http.get(media.url);
        if (reply.code != 200) throw new IOException("HTTP " + reply.code + " from " + media.url);
        report.put("action", "downloaded");
        report.put("bytes", reply.body.length);
        report.put("hash_ok", Disk.md5(reply.body).equals(media.hash));
        Path csv = workbench.resolve(media.name);
        Disk.write(csv, reply.body);
        lists.updateFromServer(csv, media);
        Files.delete(csv);
    }

    private List<String> removeDeleted(ServerForm.MediaFile media, List<String> offline)
        throws IOException, InterruptedException {
        List<String> deleted = client.deletedAmong(offline, media.integrityUrl);
        for (String id : deleted) lists.delete(media.listName(), id);
        events.report("integrity", "ok", true, "asked", offline.size(), "deleted", deleted);
        return deleted;
    }
}
