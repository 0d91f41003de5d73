package tablet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Downloads one form with its media.
 *
 * <p>Re-creates B5 (no hash, no download), B6 (a wrong hash deletes the form that was just confirmed), B9 (submission
 * address), D5 (a medium that fails fails the form; a known one is copied), D7 (last-saved.xml is carried on).
 */
final class FormDownload {
    private final Http http;
    private final FormStore store;
    private final EntityDownload entities;
    private final Path workbench;
    private final Events events;

    FormDownload(Path work, Http http, FormStore store, EntityDownload entities, Events events) {
        this.http = http;
        this.store = store;
        this.entities = entities;
        this.workbench = work.resolve("tmp-media");
        this.events = events;
    }

    void fetch(ServerForm offered) throws IOException, InterruptedException {
        if (offered.hash == null) throw new IOException("FormWithNoHash: formList gave no md5 hash");
        DeviceForm confirmed = store.byMd5(offered.hash);
        List<DeviceForm> replaced = confirmed == null ? store.byVersion(offered.formId, offered.version) : List.of();
        if (confirmed != null) confirmed.isDeleted = false;
        DeviceForm predecessor = store.predecessor(offered.formId, offered.version);

        Reply reply = fetchFrom(offered.downloadUrl);
        boolean isHashRight = Disk.md5(reply.body).equals(offered.hash);
        if (!isHashRight)
            warn(offered, "formList hash md5:" + offered.hash + " but the downloaded bytes are md5:"
                + Disk.md5(reply.body));
        List<Map<String, Object>> media = fetchMedia(offered, predecessor);
        DeviceForm form = install(offered, reply.body, predecessor);
        remove(replaced, form);
        store.save();
        boolean hasEntities = media.stream().anyMatch(file -> file.containsKey("entity_list"));
        events.report("download", "ok", isHashRight, "form_id", form.formId, "version", form.version,
            "type", offered.type, "hash_ok", isHashRight, "bytes", reply.body.length, "media", media,
            "entities", hasEntities, "from_cache", reply.fromCache);
        compare(offered, form);
    }

    private Reply fetchFrom(String url) throws IOException, InterruptedException {
        Reply reply = http.get(url);
        if (reply.code != 200) throw new IOException("HTTP " + reply.code + " from " + url);
        return reply;
    }

    private List<Map<String, Object>> fetchMedia(ServerForm offered, DeviceForm predecessor)
        throws IOException, InterruptedException {
        Disk.deleteTree(workbench);
        Files.createDirectories(workbench);
        List<Map<String, Object>> reports = new ArrayList<>();
        if (offered.media == null) return reports;
        for (ServerForm.MediaFile media : offered.media) {
            Map<String, Object> report = new LinkedHashMap<>(Map.of("file", media.name));
            if (media.type != null) entities.fetch(media, workbench, report);
            else fetchFile(offered, media, predecessor, report);
            reports.add(report);
        }
        return reports;
    }

    private void fetchFile(
        ServerForm offered, ServerForm.MediaFile media, DeviceForm predecessor, Map<String, Object> report)
        throws IOException, InterruptedException {
        Path target = workbench.resolve(media.name);
        Path known = predecessor == null ? null : predecessor.mediaFolder().resolve(media.name);
        if (known != null && Files.exists(known) && Disk.md5(known).equals(media.hash)) {
            report.put("action", "kept");
            Disk.copy(known, target);
            return;
        }
        Reply reply = fetchFrom(media.url);
        Disk.write(target, reply.body);
        boolean isHashRight = Disk.md5(reply.body).equals(media.hash);
        report.put("action", "downloaded");
        report.put("bytes", reply.body.length);
        report.put("hash_ok", isHashRight);
        if (!isHashRight)
            warn(offered, "media " + media.name
                + ": manifest hash differs from the bytes: Collect will fetch it at every check");
    }

    private DeviceForm install(ServerForm offered, byte[] xml, DeviceForm predecessor) throws IOException {
        DeviceForm form = store.byMd5(Disk.md5(xml));
        if (form == null) {
            form = DeviceForm.parse(xml);
            if (form.submissionUri != null && !form.submissionUri.matches("(?i)https?://.+"))
                throw new IOException("InvalidSubmission: submission action is not a valid URL: " + form.submissionUri);
            store.add(form, xml, offered.name);
        }
        if (predecessor != null && predecessor != form && Files.exists(predecessor.lastSaved())
            && !Files.exists(form.lastSaved()))
            Disk.copy(predecessor.lastSaved(), workbench.resolve("last-saved.xml"));
        Files.createDirectories(form.mediaFolder());
        for (Path file : Disk.files(workbench)) Disk.move(file, form.mediaFolder().resolve(Disk.name(file)));
        return form;
    }

    private void remove(List<DeviceForm> replaced, DeviceForm installed) {
        for (DeviceForm form : replaced) {
            if (form == installed)
                events.report("warning", "form_id", form.formId, "message", "because of the wrong hash Collect now "
                    + "DELETES the form it has just confirmed; it comes back at the next check, and so on");
            store.forms.remove(form);
        }
    }

    private void compare(ServerForm offered, DeviceForm form) {
        if (!Objects.equals(form.formId, offered.formId)) warn(offered, "the form's own id is " + form.formId);
        if (!Objects.equals(form.version, offered.version))
            warn(offered, "the form's own version is " + form.version + ", formList says " + offered.version);
    }

    private void warn(ServerForm form, String message) {
        events.report("warning", "form_id", form.formId, "message", message);
    }
}
