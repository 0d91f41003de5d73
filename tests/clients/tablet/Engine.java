package tablet;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.javarosa.core.model.CoreModelModule;
import org.javarosa.core.model.actions.setgeopoint.SetGeopointActionHandler;
import org.javarosa.core.model.actions.setgeopoint.StubSetGeopointActionHandler;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceFactory;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.PrototypeManager;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.parse.ExternalInstanceParser;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.XFormUtils;

/**
 * JavaRosa, the form engine inside Collect, set up as Collect does.
 *
 * <p>JavaRosa itself does parsing, relevance, calculations, constraints, external instances, last-saved, preloads and
 * serialisation (C14). Added here because it is Collect's: the answers to preloads (device id, user, phone, e-mail),
 * {@code jr://} addresses, entity lists as instances (E6), pulldata. Positions are not measured.
 */
final class Engine {
    private final EntityLists lists;
    private final Tables tables;
    private Path mediaFolder;

    /** JavaRosa keeps its registries in statics: one engine for one process. */
    Engine(Options options, EntityLists lists) {
        this.lists = lists;
        this.tables = new Tables(lists, () -> mediaFolder);
        PropertyManager.setPropertyManager(new Preloads(preloads(options)));
        PrototypeManager.registerPrototypes(JavaRosaCoreModule.classNames);
        PrototypeManager.registerPrototypes(CoreModelModule.classNames);
        new XFormsModule().registerModule();
        XFormParser.registerActionHandler(SetGeopointActionHandler.ELEMENT_NAME, new StubSetGeopointActionHandler());
        ReferenceManager.instance().addReferenceFactory(new MediaReferences());
        XFormUtils.setExternalInstanceParserFactory(() -> {
            ExternalInstanceParser parser = new ExternalInstanceParser();
            parser.addInstanceProvider(new EntityInstances(lists, this::isListOnly));
            return parser;
        });
    }

    static String version() {
        try (InputStream pom = Engine.class.getResourceAsStream("/META-INF/maven/org.getodk/javarosa/pom.properties")) {
            Properties properties = new Properties();
            properties.load(pom);
            return properties.getProperty("version");
        } catch (IOException | NullPointerException e) {
            return "unknown";
        }
    }

    Tables tables() {
        return tables;
    }

    /** Turn to one form: its media folder is what jr:// addresses and tables mean from now on. */
    void open(DeviceForm form) throws IOException {
        mediaFolder = form.mediaFolder();
        Files.createDirectories(mediaFolder);
    }

    void addFunctions(FormEntryController controller) {
        controller.addFunctionHandler(tables.pulldata());
    }

    private boolean isListOnly(String id, String src) {
        return lists.has(id) && !Files.exists(inMedia(src));
    }

    /** jr://file/x.csv, jr://file-csv/x.csv, jr://images/x.png: all name files in the form's media folder. */
    private Path inMedia(String uri) {
        return mediaFolder.resolve(uri.replaceFirst("^jr://[^/]*/", ""));
    }

    private static Map<String, String> preloads(Options options) {
        Map<String, String> preloads = new HashMap<>();
        preloads.put("deviceid", options.deviceId);
        String user = options.metadataUser != null ? options.metadataUser : options.user;
        add(preloads, "username", "username:", user);
        add(preloads, "phonenumber", "tel:", options.phone);
        add(preloads, "email", "mailto:", options.email);
        return preloads;
    }

    private static void add(Map<String, String> preloads, String name, String scheme, String value) {
        if (value == null || value.isEmpty()) return;
        preloads.put(name, value);
        preloads.put("uri:" + name, scheme + value);
    }

    private record Preloads(Map<String, String> values) implements IPropertyManager {
        public String getSingularProperty(String name) {
            return values.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }

        public List<String> getProperty(String name) {
            return List.of();
        }

        public void setProperty(String name, String value) { }

        public void setProperty(String name, List<String> value) { }

        public void addRules(IPropertyRules rules) { }

        public List<IPropertyRules> getRules() {
            return List.of();
        }
    }

    private final class MediaReferences implements ReferenceFactory {
        public boolean derives(String uri) {
            return uri.startsWith("jr://");
        }

        public Reference derive(String uri) {
            return new MediaReference(uri, inMedia(uri));
        }

        public Reference derive(String uri, String context) {
            return derive(uri);
        }
    }

    private record MediaReference(String uri, Path file) implements Reference {
        public boolean doesBinaryExist() {
            return Files.exists(file);
        }

        public InputStream getStream() throws IOException {
            return new FileInputStream(file.toFile());
        }

        public String getURI() {
            return uri;
        }

        public String getLocalURI() {
            return file.toAbsolutePath().toString();
        }

        public boolean isReadOnly() {
            return true;
        }

        public OutputStream getOutputStream() throws IOException {
            throw new IOException("read only");
        }

        public void remove() { }

        public Reference[] probeAlternativeReferences() {
            return new Reference[0];
        }
    }
}
