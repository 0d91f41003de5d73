package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The forms on the tablet; several versions of one form live side by side (B12). */
final class FormStore {
    private final Path folder;
    private final Path index;
    final List<DeviceForm> forms = new ArrayList<>();

    FormStore(Path work) throws IOException {
        folder = work.resolve("forms");
        index = work.resolve("forms.json");
        if (!Files.exists(index)) return;
        for (JsonNode entry : Events.JSON.readTree(index.toFile())) forms.add(load(entry));
    }

    private DeviceForm load(JsonNode entry) throws IOException {
        Path file = folder.resolve(entry.get("file").asText());
        byte[] xml = Files.readAllBytes(file);
        DeviceForm form = DeviceForm.parse(xml);
        form.file = file;
        form.md5 = Disk.md5(xml);
        form.date = entry.get("date").asLong();
        form.isDeleted = entry.get("deleted").asBoolean();
        return form;
    }

    void save() throws IOException {
        ArrayNode entries = Events.JSON.createArrayNode();
        for (DeviceForm form : forms)
            entries.addObject().put("file", Disk.name(form.file)).put("date", form.date).put("deleted", form.isDeleted);
        Disk.write(index, Events.JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(entries));
    }

    /** Put a downloaded form on the tablet, under its title as Collect does. */
    void add(DeviceForm form, byte[] xml, String title) throws IOException {
        String base = fileName(title);
        Path file = folder.resolve(base + ".xml");
        for (int i = 2; Files.exists(file); i++) file = folder.resolve(base + "_" + i + ".xml");
        Disk.write(file, xml);
        form.file = file;
        form.md5 = Disk.md5(xml);
        form.date = System.currentTimeMillis();
        forms.add(form);
    }

    /** A title as Collect makes it a file name: letters and digits of any script, the rest blanks. */
    static String fileName(String title) {
        return title.replaceAll("[^\\p{L}\\p{Digit}]", " ").replaceAll("\\p{javaWhitespace}+", " ").trim();
    }

    List<DeviceForm> byFormId(String formId) {
        return forms.stream().filter(form -> form.formId.equals(formId) && !form.isDeleted).toList();
    }

    List<DeviceForm> byVersion(String formId, String version) {
        return forms.stream().filter(form -> form.formId.equals(formId) && Objects.equals(form.version, version))
            .toList();
    }

    DeviceForm byMd5(String md5) {
        return forms.stream().filter(form -> form.md5.equals(md5)).findFirst().orElse(null);
    }

    /** The form whose media a download may take over: same version if there, else the latest. */
    DeviceForm predecessor(String formId, String version) {
        DeviceForm best = null;
        for (DeviceForm form : byFormId(formId))
            if (best == null || Objects.equals(form.version, version) || form.date > best.date) best = form;
        return best;
    }

    Collection<DeviceForm> latest() {
        Map<String, DeviceForm> latest = new LinkedHashMap<>();
        for (DeviceForm form : forms)
            if (!form.isDeleted && (!latest.containsKey(form.formId) || latest.get(form.formId).date < form.date))
                latest.put(form.formId, form);
        return latest.values();
    }
}
