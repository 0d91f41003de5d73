package tablet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Keeps the tablet's forms exactly as the server's list (mode match_exactly).
 *
 * <p>Re-creates B8 (what a form counts as), B11 (forms that left the list go; hidden instead while instances of them
 * are kept) and D6 (new media by hash, except .zip).
 */
final class FormUpdates {
    private final Options options;
    private final OpenRosaClient client;
    private final FormStore store;
    private final FormDownload download;
    private final Instances instances;
    private final Events events;

    FormUpdates(Options options, OpenRosaClient client, FormStore store, FormDownload download, Instances instances,
        Events events) {
        this.options = options;
        this.client = client;
        this.store = store;
        this.download = download;
        this.instances = instances;
        this.events = events;
    }

    /** Fetch the list, then every form that is new or changed; false when the list could not be had. */
    boolean synchronise() throws IOException {
        List<ServerForm> offered;
        try {
            offered = check();
        } catch (Exception e) {
            events.reportFailure("formList", null, e);
            return false;
        }
        removeAllBut(offered);
        for (ServerForm form : offered) if (options.wants(form.formId) && !form.type.equals("OnDevice")) fetch(form);
        store.save();
        return true;
    }

    private List<ServerForm> check() throws IOException, InterruptedException {
        List<ServerForm> offered = client.formList();
        for (ServerForm form : offered) {
            form.media = client.media(form);
            form.type = typeOf(form);
            events.report("form", "ok", true, "form_id", form.formId, "name", form.name, "version", form.version,
                "hash", form.hash, "type", form.type, "media", form.media == null ? null : form.media.size());
        }
        events.report("formList", "ok", true, "count", offered.size());
        return offered;
    }

    private String typeOf(ServerForm form) throws IOException {
        DeviceForm same = form.hash == null ? null : store.byMd5(form.hash);
        if (same != null && same.isDeleted) return "New";
        if (same != null) return form.media != null && hasNewerMedia(same, form.media) ? "UpdatedMedia" : "OnDevice";
        List<DeviceForm> known = store.byFormId(form.formId);
        if (known.isEmpty()) return "New";
        if (form.hash == null) return "OnDevice";
        return known.stream().anyMatch(device -> Objects.equals(device.version, form.version)) ? "UpdatedHash"
            : "UpdatedVersion";
    }

    private static boolean hasNewerMedia(DeviceForm form, List<ServerForm.MediaFile> media) throws IOException {
        Set<String> local = new HashSet<>();
        for (Path file : Disk.files(form.mediaFolder())) local.add(Disk.md5(file));
        return media.stream().anyMatch(file -> !file.name.endsWith(".zip") && !local.contains(file.hash));
    }

    private void removeAllBut(List<ServerForm> offered) throws IOException {
        Set<String> listed = offered.stream().map(form -> form.formId).collect(Collectors.toSet());
        for (DeviceForm form : List.copyOf(store.forms)) {
            if (form.isDeleted || listed.contains(form.formId)) continue;
            boolean isHidden = instances.existFor(form.formId);
            if (isHidden) form.isDeleted = true;
            else store.forms.remove(form);
            events.report("form_removed", "ok", true, "form_id", form.formId, "version", form.version,
                "hidden", isHidden);
        }
    }

    private void fetch(ServerForm form) {
        try {
            download.fetch(form);
        } catch (Exception e) {
            events.reportFailure("download", form.formId, e);
        }
    }
}
